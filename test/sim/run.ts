// One seed's world from beginning to end.
import { perform } from './actions.ts';
import { actionOf } from './history.ts';
import { checkRest } from './rest.ts';
import { settle } from './settling.ts';
import type { Violation } from './violations.ts';
import { newWorld } from './world.ts';
import type { World } from './world.ts';

const DAYS_PER_YEAR = 365;

export interface RunOptions {
  /** Virtual years before the world is brought to its end. */
  readonly years: number;
  /** The numbers of the actions that are kept; null for all. */
  readonly keep: readonly number[] | null;
  readonly onAction?: (number: number, world: World) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly violation: Violation | null;
  /** The numbers of the actions that were performed. */
  readonly actions: readonly number[];
  readonly days: number;
  readonly gates: number;
  /** What the world came by, by name: a simulation that never sees a thing proves nothing of it. */
  readonly seen: Readonly<Record<string, number>>;
}

export async function run(seed: number, { years, keep, onAction }: RunOptions): Promise<RunResult> {
  const world = newWorld(seed);
  const actions: number[] = [];
  const did: Record<string, number> = {};
  const isOver = (): boolean => world.violation !== null || world.daysLived >= years * DAYS_PER_YEAR;
  for (const number of keep ?? countUp()) {
    if (isOver()) break;
    onAction?.(number, world);
    actions.push(number);
    const action = actionOf(seed, number);
    did[`did ${action.do}`] = (did[`did ${action.do}`] ?? 0) + 1;
    await perform(world, action);
    if (world.violation === null) checkRest(world);
  }
  if (world.violation === null) await settle(world);
  const { scheduler, violation, daysLived } = world;
  return {
    seed,
    violation,
    actions,
    days: daysLived,
    gates: scheduler.gates,
    seen: { ...seenBy(world), ...did },
  };
}

function* countUp(): Iterable<number> {
  for (let number = 0; ; number += 1) yield number;
}

function seenBy(world: World): Record<string, number> {
  const { keys, statuses, weather, counts, liar, host, queue, scheduler } = world;
  return {
    'check-ins': counts.checkIns,
    joins: counts.joins,
    rejoins: counts.rejoins,
    scans: host.scans,
    'windows opened': keys.counts.opened,
    'windows ended with their key': keys.counts.ended,
    'groups lost': keys.counts.expired,
    'keys accepted': keys.counts.issued,
    ...Object.fromEntries([...statuses.counts].map(([status, count]) => [`became ${status}`, count])),
    'changes put off': queue.counts.sent,
    'changes tried again': queue.counts.shown,
    'dead letters': queue.counts.died,
    kills: scheduler.kills,
    'lies told': liar.told,
    ...Object.fromEntries([...weather.happened].map(([kind, count]) => [`fault ${kind}`, count])),
  };
}
