// `node test/bench/costs-document.ts` measures anew and writes the tables of docs/cost.md, between their marks; prettier lays
// them out.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { fleetTables } from './costs-fleet.ts';
import { costsOfMachine } from './costs-of-machine.ts';
import { measureCosts } from './costs-scenario.ts';
import type { Measured } from './costs-scenario.ts';
import { costTable } from './costs-table.ts';
import { COSTS_MACHINES, requireAll } from './costs.ts';

export const COST_DOCUMENT = fileURLToPath(new URL('../../docs/cost.md', import.meta.url));

/** `text` with each `<!-- table NAME -->` followed by that table, up to the next `<!-- end -->`. */
export function withTables(text: string, tables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /(<!-- table (\w+) -->\n)[^]*?(?=<!-- end -->)/g,
    (_, mark: string, name: string) => {
      const table = tables[name];
      if (table === undefined) throw new Error(`there is no table ${name}`);
      return `${mark}\n${table}\n`;
    },
  );
}

export function costTables(measured: Measured): Readonly<Record<string, string>> {
  return { operations: costTable(measured.costs), ...fleetTables(costsOfMachine(measured, COSTS_MACHINES)) };
}

async function main(): Promise<void> {
  const measured = await measureCosts(COSTS_MACHINES);
  requireAll(measured);
  const text = withTables(readFileSync(COST_DOCUMENT, 'utf8'), costTables(measured));
  const options = await resolveConfig(COST_DOCUMENT);
  writeFileSync(COST_DOCUMENT, await format(text, { ...options, filepath: COST_DOCUMENT }));
}

if (import.meta.main) await main();
