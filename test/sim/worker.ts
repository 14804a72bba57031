// A process that simulates: it is told seeds one at a time, and answers with what became of each. The loader comes before it.
// oxlint-disable-next-line import/no-unassigned-import -- loaded for what it registers
import '../../functions/index.ts';
import { actionOf } from './history.ts';
import { run } from './run.ts';
import type { RunResult } from './run.ts';
import { shortest } from './shrink.ts';

export interface Order {
  readonly seed: number;
  readonly years: number;
  /** The numbers of the actions that are kept; null for all. */
  readonly keep: readonly number[] | null;
  /** How long a violation's history may be shortened, milliseconds. */
  readonly shrinkMilliseconds: number;
  /** Prints each action as it is done, to stderr. */
  readonly trace: boolean;
}

export interface Report {
  readonly order: Order;
  readonly result: RunResult;
  readonly milliseconds: number;
  /** The shortest history that shows the violation; null without one. */
  readonly history: readonly { readonly number: number; readonly action: object }[] | null;
  /** There was no time to look for a shorter one. */
  readonly hasTimedOut: boolean;
}

process.on('message', (order: Order) => {
  void carryOut(order).then((report) => process.send?.(report));
});

async function carryOut(order: Order): Promise<Report> {
  const { seed, years, keep, shrinkMilliseconds, trace } = order;
  const startedAt = performance.now();
  const result = await run(seed, { years, keep, ...(trace && { onAction: tellAction(seed) }) });
  const milliseconds = performance.now() - startedAt;
  if (result.violation === null) return { order, result, milliseconds, history: null, hasTimedOut: false };
  const until = performance.now() + shrinkMilliseconds;
  const { invariant } = result.violation;
  const fails = async (part: readonly number[]): Promise<boolean> =>
    (await run(seed, { years, keep: part })).violation?.invariant === invariant;
  const mayGoOn = (): boolean => performance.now() < until;
  const kept = await shortest(result.actions, fails, mayGoOn);
  const shown = await run(seed, { years, keep: kept });
  const history = kept.map((number) => ({ number, action: actionOf(seed, number) }));
  return { order, result: shown, milliseconds, history, hasTimedOut: !mayGoOn() };
}

function tellAction(seed: number) {
  return (number: number, world: { readonly now: string }): void =>
    console.error(`${world.now} #${number} ${JSON.stringify(actionOf(seed, number))}`);
}
