// `npm run simulate`: years of many small fleets, and what must always hold of them. With --mutations it shows instead that each
// invariant bites: deliberate defects are put into the product one by one, and each must be caught.
import { parseArgs } from 'node:util';
import { actionOf } from './history.ts';
import { findMutation, MUTATIONS } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import type { RunResult } from './run.ts';
import { INVARIANTS } from './violations.ts';
import type { Invariant } from './violations.ts';
import type { Order, Report } from './worker.ts';
import { runOrders } from './workers.ts';

const USAGE = `npm run simulate -- [options]

  --seeds N       how many worlds, one a seed (default 150)
  --years N       virtual years of each before it is brought to its end (default 2)
  --seed N        only this seed; with --keep, only these numbers of its actions: 3,7,19
  --crypto KIND   stand-in or real (default: stand-in, and real for one seed in fifty)
  --mutations     show that the simulation catches deliberate defects; --mutation NAME for one of them
  --trace         with --seed: print each action
  --help

Exit codes: 0 nothing found; 1 an invariant was broken, or a defect was not caught; 2 not used as it must be.
`;

const INVARIANT_NAMES = Object.keys(INVARIANTS) as Invariant[];
const REAL_EVERY = 50;
const REAL_YEARS = 0.5;
const SHRINK_MILLISECONDS = 60_000;
const MUTATION_SEEDS = 120;

interface Options {
  readonly seeds: number;
  readonly years: number;
  readonly seed: number | null;
  readonly keep: readonly number[] | null;
  readonly crypto: 'stand-in' | 'real' | null;
  readonly mutation: string | null;
  readonly mutations: boolean;
  readonly trace: boolean;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '150' },
      years: { type: 'string', default: '2' },
      seed: { type: 'string' },
      keep: { type: 'string' },
      crypto: { type: 'string' },
      mutation: { type: 'string' },
      mutations: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  return {
    seeds: number('seeds', values.seeds),
    years: number('years', values.years),
    seed: values.seed === undefined ? null : number('seed', values.seed),
    keep: values.keep === undefined ? null : values.keep.split(',').filter(Boolean).map(Number),
    crypto: values.crypto === undefined ? null : cryptoOf(values.crypto),
    mutation: values.mutation === undefined ? null : findMutation(values.mutation).name,
    mutations: values.mutations,
    trace: values.trace,
  };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} is a number, not ${text}`);
}

function cryptoOf(text: string): 'stand-in' | 'real' {
  if (text === 'stand-in' || text === 'real') return text;
  throw new Error(`--crypto is stand-in or real, not ${text}`);
}

function orderOf(seed: number, { years, keep, trace }: Options): Order {
  return { seed, years, keep, trace, shrinkMilliseconds: SHRINK_MILLISECONDS };
}

/** The seeds of a kind of cryptography: of fifty, the last one has the real one. */
function* orders(options: Options, crypto: 'stand-in' | 'real'): Iterable<Order> {
  for (let seed = 1; seed <= options.seeds; seed += 1) {
    const kind = options.crypto ?? (seed % REAL_EVERY === 0 ? 'real' : 'stand-in');
    const years = kind === 'real' && options.crypto === null ? REAL_YEARS : options.years;
    if (kind === crypto) yield orderOf(seed, { ...options, years });
  }
}

async function simulate(options: Options): Promise<boolean> {
  const startedAt = performance.now();
  const seen = new Map<string, number>();
  let [worlds, days] = [0, 0];
  let failure: Report | null = null;
  const laboratory = { mutation: options.mutation };
  for (const crypto of ['stand-in', 'real'] as const) {
    const wanted =
      options.seed === null
        ? orders(options, crypto)
        : (options.crypto ?? 'stand-in') === crypto
          ? [orderOf(options.seed, options)]
          : [];
    await runOrders({ ...laboratory, crypto }, wanted, (report) => {
      worlds += 1;
      days += report.result.days;
      for (const [name, count] of Object.entries(report.result.seen)) {
        seen.set(name, (seen.get(name) ?? 0) + count);
      }
      if (report.result.violation === null) return true;
      failure = report;
      tellFailure(report, options, crypto);
      return false;
    });
    if (failure !== null) return false;
  }
  for (const [name, count] of seen) console.log(`${String(count).padStart(9)}  ${name}`);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${worlds} worlds, ${Math.round(days / 365)} virtual years, ${INVARIANT_NAMES.length} invariants, none broken (${seconds.toFixed(0)} s)`,
  );
  return unseen(seen, options);
}

/** What a run of many worlds must have come by, if it is to prove anything. */
const MUST_BE_SEEN = [
  'windows ended with their key',
  'groups lost',
  'rejoins',
  'became KeyExpired',
  'kills',
  'lies told',
  'fault lost',
  'fault persistedButFailed',
  'fault conflict',
  'fault throttled',
  'fault lag',
  'fault vaultLost',
  'fault vaultStoredButFailed',
  'fault requestLost',
  'fault answerLost',
  'fault feedRepeated',
  'fault storeDown',
  'fault vaultDown',
];

function unseen(seen: ReadonlyMap<string, number>, { seed, seeds, mutation }: Options): boolean {
  if (seed !== null || mutation !== null || seeds < 100) return true;
  const missing = MUST_BE_SEEN.filter((name) => (seen.get(name) ?? 0) === 0);
  for (const name of missing) console.log(`never came by: ${name}`);
  return missing.length === 0;
}

function tellFailure({ result, history }: Report, { years, mutation }: Options, crypto: string): void {
  const { seed, violation } = result;
  if (violation === null) return;
  console.log(`BROKEN in seed ${seed}: ${INVARIANTS[violation.invariant]} (${violation.invariant})`);
  console.log(`  ${violation.detail}`);
  console.log(`The shortest history that shows it, ${history?.length} actions:`);
  for (const { number, action } of history ?? []) console.log(`  #${number} ${JSON.stringify(action)}`);
  const keep = history?.map((each) => each.number).join(',');
  const others = `${mutation === null ? '' : ` --mutation '${mutation}'`}${crypto === 'real' ? ' --crypto real' : ''}`;
  console.log(`Again: npm run simulate -- --seed ${seed} --years ${years} --keep ${keep}${others} --trace`);
}

async function catchMutations(options: Options): Promise<boolean> {
  const bitten = new Set<Invariant>();
  let missed = 0;
  for (const mutation of MUTATIONS) {
    const found = await firstBroken(mutation, options);
    if (found !== null && mutation.breaks.includes(found)) bitten.add(found);
    else missed += 1;
  }
  const toothless = INVARIANT_NAMES.filter((name) => !bitten.has(name));
  for (const name of toothless) console.log(`no defect broke ${name}`);
  console.log(
    `${MUTATIONS.length - missed} of ${MUTATIONS.length} deliberate defects were caught, by ${bitten.size} of ${INVARIANT_NAMES.length} invariants`,
  );
  return missed === 0 && toothless.length === 0;
}

/** The invariant that a defect broke first; null for none in as many worlds as are tried. */
async function firstBroken(mutation: Mutation, options: Options): Promise<Invariant | null> {
  const startedAt = performance.now();
  let worlds = 0;
  let caught: RunResult | null = null as RunResult | null;
  const orders = Array.from({ length: MUTATION_SEEDS }, (_, index) => ({
    ...orderOf(index + 1, options),
    shrinkMilliseconds: 0,
  }));
  await runOrders({ crypto: 'stand-in', mutation: mutation.name }, orders, ({ result }) => {
    worlds += 1;
    if (result.violation !== null) caught = result;
    return caught === null;
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (caught === null || caught.violation === null) {
    console.log(`✗ ${mutation.name}: not caught in ${worlds} worlds (${seconds} s)`);
    return null;
  }
  const { invariant, detail } = caught.violation;
  const isRight = mutation.breaks.includes(invariant);
  console.log(`${isRight ? '✓' : '✗'} ${mutation.name}: ${invariant}, seed ${caught.seed} (${seconds} s)`);
  if (!isRight) console.log(`  not ${mutation.breaks.join(' or ')}: ${detail}`);
  return invariant;
}

async function main(): Promise<number> {
  try {
    const options = parseOptions();
    if (options.trace && options.seed !== null && options.keep === null) actionOf(options.seed, 0);
    return (await (options.mutations ? catchMutations(options) : simulate(options))) ? 0 : 1;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main();
