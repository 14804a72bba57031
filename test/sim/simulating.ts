// Many worlds, and what is told of them: what they came by, or the first that broke an invariant.
import { INVARIANTS } from './violations.ts';
import type { Order, Report } from './worker.ts';
import { runOrders } from './workers.ts';
import type { Laboratory } from './workers.ts';

export interface SimulationOptions {
  readonly seeds: number;
  readonly years: number;
  /** Only this one's world; null for as many as `seeds`. */
  readonly seed: number | null;
  readonly keep: readonly number[] | null;
  /** Null for the usual mixture. */
  readonly crypto: Laboratory['crypto'] | null;
  readonly mutation: string | null;
  readonly trace: boolean;
}

const REAL_EVERY = 50;
const REAL_YEARS = 0.5;
const SHRINK_MILLISECONDS = 60_000;
const PROGRESS_EVERY = 25;

/** Worlds that a run of so many must have, to be asked what it came by. */
const MANY = 100;
const MUST_BE_SEEN = [
  'windows ended with their key',
  'groups lost',
  'rejoins',
  'became KeyExpired',
  'kills',
  'lies told',
  'changes tried again',
  'dead letters',
  ...['lost', 'persistedButFailed', 'conflict', 'throttled', 'lag', 'storeDown'].map(faultName),
  ...['vaultLost', 'vaultStoredButFailed', 'vaultDown'].map(faultName),
  ...['queueLost', 'queueSentButFailed', 'queueDown', 'retryRepeated', 'poison'].map(faultName),
  ...['requestLost', 'answerLost', 'feedRepeated', 'feedFailed'].map(faultName),
  ...['skipScans', 'delayFeed', 'killService', 'ambush', 'skew', 'clock'].map(actionName),
  ...['version', 'clone', 'wipe', 'restore', 'leave', 'remove', 'policy', 'deleteGroup'].map(actionName),
];

function faultName(kind: string): string {
  return `fault ${kind}`;
}

function actionName(action: string): string {
  return `did ${action}`;
}

export function orderOf(
  seed: number,
  { years, keep, trace }: Pick<SimulationOptions, 'years' | 'keep' | 'trace'>,
  shrinkMilliseconds = SHRINK_MILLISECONDS,
): Order {
  return { seed, years, keep, trace, shrinkMilliseconds };
}

/** What is to be simulated with a kind of cryptography: the real one is slow, and has one seed in fifty and shorter lives. */
function* ordersOf(options: SimulationOptions, crypto: Laboratory['crypto']): Iterable<Order> {
  if (options.seed !== null) {
    if ((options.crypto ?? 'stand-in') === crypto) yield orderOf(options.seed, options);
    return;
  }
  for (let seed = 1; seed <= options.seeds; seed += 1) {
    const kind = options.crypto ?? (seed % REAL_EVERY === 0 ? 'real' : 'stand-in');
    const years =
      kind === 'real' && options.crypto === null ? Math.min(REAL_YEARS, options.years) : options.years;
    if (kind === crypto) yield orderOf(seed, { ...options, years });
  }
}

/** Answers whether every world kept every invariant, and many worlds all that they are to come by. */
export async function simulate(options: SimulationOptions): Promise<boolean> {
  const startedAt = performance.now();
  const seen = new Map<string, number>();
  let [worlds, days, isBroken] = [0, 0, false];
  for (const crypto of ['stand-in', 'real'] as const) {
    await runOrders({ crypto, mutation: options.mutation }, ordersOf(options, crypto), (report) => {
      worlds += 1;
      days += report.result.days;
      for (const [name, count] of Object.entries(report.result.seen)) {
        seen.set(name, (seen.get(name) ?? 0) + count);
      }
      if (worlds % PROGRESS_EVERY === 0) console.error(`${worlds} of ${options.seeds} worlds`);
      if (report.result.violation === null) return true;
      isBroken = true;
      tellBroken(report, crypto, options.mutation);
      return false;
    });
    if (isBroken) return false;
  }
  console.log('What the worlds came by:');
  for (const name of [...seen.keys()].toSorted()) {
    console.log(`${String(seen.get(name)).padStart(9)}  ${name}`);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const invariants = Object.keys(INVARIANTS).length;
  console.log(
    `${worlds} worlds, ${(days / 365).toFixed(0)} virtual years, ${invariants} invariants, none broken (${seconds} s)`,
  );
  if (options.keep !== null) console.log('What was replayed does not show a violation (any more).');
  return worlds < MANY || options.mutation !== null || hasSeenEnough(seen);
}

function hasSeenEnough(seen: ReadonlyMap<string, number>): boolean {
  const missing = MUST_BE_SEEN.filter((name) => (seen.get(name) ?? 0) === 0);
  for (const name of missing) console.log(`never came by, so nothing is proved of it: ${name}`);
  return missing.length === 0;
}

function tellBroken(
  { order, result, history, hasTimedOut }: Report,
  crypto: string,
  mutation: string | null,
): void {
  const { seed, violation } = result;
  if (violation === null) return;
  console.log(`BROKEN in seed ${seed}: ${INVARIANTS[violation.invariant]} (${violation.invariant})`);
  console.log(`  ${violation.detail}`);
  const isShortest = hasTimedOut ? 'The shortest history found in a minute' : 'The shortest history';
  console.log(
    `${isShortest} that shows it (${history?.length} actions; then the world is brought to its end):`,
  );
  for (const { number, action } of history ?? []) console.log(`  #${number} ${JSON.stringify(action)}`);
  const keep = (history ?? []).map((each) => each.number).join(',');
  const parts = [
    `npm run simulate -- --seed ${seed} --years ${order.years} --keep=${keep}`,
    ...(mutation === null ? [] : [`--mutation ${quoted(mutation)}`]),
    ...(crypto === 'real' ? ['--crypto real'] : []),
    '--trace',
  ];
  console.log(`Again:\n  ${parts.join(' ')}`);
}

/** As a shell takes it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
