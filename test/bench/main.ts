// `npm run bench`: measures what the project promises about speed, and prints the machine, the versions, figures, ratios
// and goals. It fails when a benchmark cannot run or finds wrong answers, never because something was slow.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Benchmark, BenchResult } from './benchmark.ts';
import { environment } from './environment.ts';
import { report } from './report.ts';
import type { Outcome } from './report.ts';

const NAMES = ['check-in', 'due-scan', 'fan-out', 'renewal', 'costs', 'cold-start'] as const;
type Name = (typeof NAMES)[number];

/** Each is loaded when its turn comes: what one imports must not weigh on another. */
const LOAD: Readonly<Record<Name, () => Promise<Benchmark>>> = {
  'check-in': async () => (await import('./check-in.ts')).checkInBenchmark,
  'due-scan': async () => (await import('./due-scan.ts')).dueScanBenchmark,
  'fan-out': async () => (await import('./fan-out.ts')).fanOutBenchmark,
  renewal: async () => (await import('./renewal.ts')).renewalBenchmark,
  costs: async () => (await import('./costs.ts')).costsBenchmark,
  'cold-start': async () => (await import('./cold-start.ts')).coldStartBenchmark,
};

interface Options {
  readonly json: boolean;
  readonly list: boolean;
  readonly only?: readonly string[];
  readonly scale: number;
}

function parseScale(text: string): number {
  const scale = Number(text);
  if (!(scale > 0 && scale <= 10)) throw new InvalidArgumentError('It must be above 0 and at most 10.');
  return scale;
}

function parseNames(text: string): readonly string[] {
  const names = text.split(',');
  const unknown = names.find((name) => !(NAMES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is ${NAMES.join(', ')}.`);
  return names;
}

function parseOptions(argv: readonly string[]): Options {
  return new Command('npm run bench --')
    .description('Measures Keyturn. Quiet machines give steady figures; ratios are of one run.')
    .option('--json', 'one JSON document on standard output', false)
    .option('--list', 'only say what there is', false)
    .option('--only <names>', 'these benchmarks alone, separated by commas', parseNames)
    .option('--scale <fraction>', 'of the full sizes', parseScale, 1)
    .addHelpText(
      'after',
      '\nExit codes: 0 it ran, whether goals were met or not; 1 one did not run, or its answers were wrong; 2 not used as it must be.',
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(argv)
    .opts<Options>();
}

async function run(benchmark: Benchmark, scale: number): Promise<Outcome> {
  const { name, title } = benchmark;
  const folder = await mkdtemp(join(tmpdir(), `keyturn-bench-${name}-`));
  const say = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
  const startedAt = performance.now();
  try {
    const result: BenchResult = await benchmark.run({ scale, folder, say });
    return { name, title, seconds: (performance.now() - startedAt) / 1000, result, error: null };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { name, title, seconds: (performance.now() - startedAt) / 1000, result: null, error: text };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv);
  const names = NAMES.filter((name) => options.only === undefined || options.only.includes(name));
  if (options.list) {
    for (const name of names) process.stdout.write(`${name}: ${(await LOAD[name]()).title}\n`);
    return 0;
  }
  const outcomes: Outcome[] = [];
  for (const name of names) outcomes.push(await run(await LOAD[name](), options.scale));
  const document = { ...environment(), scale: options.scale, benchmarks: outcomes };
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : report(document));
  return outcomes.every(({ error }) => error === null) ? 0 : 1;
}

process.exitCode = await main();
