// The loop: a writer is set to work on the file that the one before left, and killed; what it leaves is checked. Kills
// come at random moments of the load, in the middle of a checkpoint, while the file is being opened (often with a log to
// recover), and while a new one is being made.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Acknowledged } from './acknowledged.ts';
import { violationsOf } from './check.ts';
import { watchCheckpoints } from './checkpoint-state.ts';
import { startWriter } from './writer-process.ts';
import type { WriterProcess } from './writer-process.ts';

export type Moment = 'load' | 'checkpoint' | 'opening' | 'making';

/** Of ten kills, at which moments they come. */
const MOMENTS: readonly Moment[] = [
  ...(['load', 'load', 'load', 'load', 'checkpoint', 'checkpoint', 'checkpoint'] as const),
  ...(['opening', 'opening', 'making'] as const),
];

const LOAD_MILLISECONDS_MAX = 120;
const CHECKPOINT_MICROSECONDS_MAX = 500_000;
const OPENING_MICROSECONDS_MAX = 6_000;
const MAKING_MICROSECONDS_MAX = 25_000;

export interface KillReport {
  kills: Record<Moment, number>;
  /** Of all kills, those that left a checkpoint unfinished. */
  insideCheckpoint: number;
  checks: number;
  acknowledgedBatches: number;
  acknowledgedCheckpoints: number;
  violations: string[];
}

/** Kills so many writers in `folder`, which must be empty. `progress` is called after each. */
export async function killWriters(
  folder: string,
  kills: number,
  progress: (report: KillReport) => void = () => {},
): Promise<KillReport> {
  const file = join(folder, 'crash.db');
  const acknowledged = new Acknowledged();
  const report: KillReport = {
    kills: { load: 0, checkpoint: 0, opening: 0, making: 0 },
    insideCheckpoint: 0,
    checks: 0,
    acknowledgedBatches: 0,
    acknowledgedCheckpoints: 0,
    violations: [],
  };

  async function check(path: string, measure: Acknowledged): Promise<void> {
    report.checks += 1;
    report.violations.push(...(await violationsOf(path, measure)));
  }

  // One that ends by itself leaves its compiled code to those that are killed.
  const cache = join(folder, 'compiled');
  await startWriter(cache).dismiss();
  let next = startWriter(cache);
  for (let kill = 1; kill <= kills; kill += 1) {
    const writer = next;
    next = startWriter(cache);
    const moment = MOMENTS[randomInt(MOMENTS.length)] ?? 'load';
    const path = moment === 'making' ? join(folder, `made-${kill}.db`) : file;
    const measure = moment === 'making' ? new Acknowledged() : acknowledged;
    const isInsideCheckpoint = watchCheckpoints(path);
    writer.begin(path);
    await reach(moment, writer, isInsideCheckpoint);
    const { lines, isKilled } = await writer.kill();
    report.kills[moment] += 1;
    if (isInsideCheckpoint()) report.insideCheckpoint += 1;
    report.violations.push(...measure.add(lines), ...(isKilled ? [] : ['a writer failed, as it says above']));
    // Checking recovers the log: half of the time that is left to the next writer, which may be killed at it.
    if (moment === 'making' || kill === kills || randomInt(2) === 0) await check(path, measure);
    report.acknowledgedBatches = acknowledged.batches;
    report.acknowledgedCheckpoints = acknowledged.checkpoints;
    progress(report);
  }
  await next.dismiss();
  return report;
}

/** Resolves at the moment to kill. */
async function reach(
  moment: Moment,
  writer: WriterProcess,
  isInsideCheckpoint: () => boolean,
): Promise<void> {
  await writer.printed(moment === 'load' || moment === 'checkpoint' ? 'turn ' : 'opening');
  switch (moment) {
    case 'load':
      return setTimeout(randomInt(LOAD_MILLISECONDS_MAX));
    case 'checkpoint':
      return turnUntil(CHECKPOINT_MICROSECONDS_MAX, isInsideCheckpoint);
    case 'opening':
      return turnUntil(randomInt(OPENING_MICROSECONDS_MAX), () => false);
    case 'making':
      return turnUntil(randomInt(MAKING_MICROSECONDS_MAX), () => false);
  }
}

/** Turns the loop until then: timers are too coarse to hit a moment, and the writer stops when nobody reads what it prints. */
async function turnUntil(microseconds: number, isReached: () => boolean): Promise<void> {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end && !isReached()) await setImmediate();
}
