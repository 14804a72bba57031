// `npm run simulate`: years of many small fleets, and what must always hold of them. With --mutations it shows instead that each
// invariant bites: deliberate defects are put into the product one by one, and each must be caught.
import { parseArgs } from 'node:util';
import { catchMutations } from './catching.ts';
import { MUTATIONS } from './mutations.ts';
import { simulate } from './simulating.ts';
import type { SimulationOptions } from './simulating.ts';

const USAGE = `npm run simulate -- [options]

  --seeds N        how many worlds, one a seed (default 150)
  --years N        virtual years of each before it is brought to its end (default 2)
  --seed N         only the world of this seed
  --keep N,N,…     with --seed: only these numbers of its actions
  --trace          with --seed: print each action
  --crypto KIND    stand-in or real (default: stand-in, and real for one seed in fifty)
  --mutation NAME  with a deliberate defect of test/sim/mutations.ts in the product
  --mutations      show that the simulation catches each of these defects
  --help

Exit codes: 0 nothing found; 1 an invariant was broken, a defect was not caught, or the simulation itself failed;
2 not used as it must be.
`;

/** The command was not given as it must be. */
class Misuse extends Error {}

const OPTIONS = {
  seeds: { type: 'string', default: '150' },
  years: { type: 'string', default: '2' },
  seed: { type: 'string' },
  keep: { type: 'string' },
  trace: { type: 'boolean', default: false },
  crypto: { type: 'string' },
  mutation: { type: 'string' },
  mutations: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function parseOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function toSimulation(values: ReturnType<typeof parseOptions>): SimulationOptions {
  const seed = values.seed === undefined ? null : toNumber('seed', values.seed);
  if (seed === null && (values.keep !== undefined || values.trace)) {
    throw new Misuse('--keep and --trace are for the world of one --seed');
  }
  return {
    seeds: toNumber('seeds', values.seeds),
    years: toNumber('years', values.years),
    seed,
    keep: values.keep === undefined ? null : toNumbers('keep', values.keep),
    crypto: values.crypto === undefined ? null : toCrypto(values.crypto),
    mutation: values.mutation === undefined ? null : toMutation(values.mutation),
    trace: values.trace,
  };
}

function toNumber(name: string, text: string): number {
  const isNumber = name === 'years' ? /^\d+(\.\d+)?$/.test(text) : /^\d{1,9}$/.test(text);
  if (isNumber && Number(text) > 0) return Number(text);
  throw new Misuse(`--${name} is a number above 0, not “${text}”`);
}

function toNumbers(name: string, text: string): number[] {
  const parts = text.split(',').filter((part) => part !== '');
  if (parts.every((part) => /^\d{1,9}$/.test(part))) return parts.map(Number);
  throw new Misuse(`--${name} is numbers with commas between them, not “${text}”`);
}

function toCrypto(text: string): 'stand-in' | 'real' {
  if (text === 'stand-in' || text === 'real') return text;
  throw new Misuse(`--crypto is stand-in or real, not “${text}”`);
}

function toMutation(name: string): string {
  if (MUTATIONS.some((each) => each.name === name)) return name;
  const names = MUTATIONS.map((each) => `  ${each.name}`).join('\n');
  throw new Misuse(`there is no mutation “${name}”. There are:\n${names}`);
}

async function main(): Promise<number> {
  try {
    const values = parseOptions();
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const options = toSimulation(values);
    return (await (values.mutations ? catchMutations(options) : simulate(options))) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main();
