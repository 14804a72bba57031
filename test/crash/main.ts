// `npm run crash -- --kills 1000`: kills the SQLite store's writer in the middle of its work, so often, and says what was
// lost. Exits 1 when anything was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { killWriters } from './kill-loop.ts';
import type { KillReport } from './kill-loop.ts';

const KILLS_DEFAULT = 1000;
const VIOLATIONS_SHOWN = 20;
const PROGRESS_EVERY = 50;

interface Options {
  readonly kills: number;
  readonly folder: string;
}

function parseKills(text: string): number {
  const kills = Number(text);
  if (!Number.isInteger(kills) || kills < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return kills;
}

const { kills, folder: parent } = new Command('npm run crash --')
  .description('Kills the writer of a SQLite store in the middle of its work, and looks at what it left.')
  .option('--kills <number>', 'how often', parseKills, KILLS_DEFAULT)
  .option('--folder <path>', 'where the database is: on the disk that is to be tried', tmpdir())
  .addHelpText('after', '\nExit codes: 0 nothing was lost; 1 something was; 2 not used as it must be.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

function total(report: KillReport): number {
  return Object.values(report.kills).reduce((sum, each) => sum + each, 0);
}

function summary(report: KillReport): string {
  const moments = Object.entries(report.kills).map(([moment, count]) => `${moment} ${count}`);
  return [
    `${total(report)} kills (${moments.join(', ')}; ${report.insideCheckpoint} inside a checkpoint)`,
    `the file looked at ${report.checks} times`,
    `${report.acknowledgedBatches} acknowledged batches`,
    `${report.acknowledgedCheckpoints} acknowledged positions of the feed`,
    `${report.violations.length} violations`,
  ].join(', ');
}

const startedAt = performance.now();
const folder = mkdtempSync(join(parent, 'keyturn-crash-'));
process.once('SIGINT', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(130);
});
const report = await killWriters(folder, kills, (sofar) => {
  if (total(sofar) % PROGRESS_EVERY === 0) console.log(summary(sofar));
});
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
for (const violation of report.violations.slice(0, VIOLATIONS_SHOWN))
  console.error(`violation: ${violation}`);
console.log(`done in ${seconds} s: ${summary(report)}`);
if (report.violations.length === 0) rmSync(folder, { recursive: true });
else {
  console.error(`what is left of it is in ${folder}`);
  process.exitCode = 1;
}
