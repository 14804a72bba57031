// `npm run crash -- --kills 1000`: kills the SQLite store's writer in the middle of its work, so often, and says what was
// lost. Exits 1 when anything was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killWriters } from './kill-loop.ts';
import type { KillReport } from './kill-loop.ts';

const KILLS_DEFAULT = 1000;
const VIOLATIONS_SHOWN = 20;
const PROGRESS_EVERY = 50;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: String(KILLS_DEFAULT) },
    /** Where the database is; on the disk that is to be tried. */
    folder: { type: 'string', default: tmpdir() },
  },
});
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1) {
  console.error(`--kills must be a whole number from 1, not ${values.kills}`);
  process.exit(2);
}

function total(report: KillReport): number {
  return Object.values(report.kills).reduce((sum, each) => sum + each, 0);
}

function summary(report: KillReport): string {
  const moments = Object.entries(report.kills).map(([moment, count]) => `${moment} ${count}`);
  return [
    `${total(report)} kills (${moments.join(', ')}; ${report.insideCheckpoint} inside a checkpoint)`,
    `${report.checks} checks`,
    `${report.acknowledgedBatches} acknowledged batches`,
    `${report.acknowledgedCheckpoints} acknowledged checkpoints`,
    `${report.violations.length} violations`,
  ].join(', ');
}

const startedAt = performance.now();
const folder = mkdtempSync(join(values.folder, 'keyturn-crash-'));
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
