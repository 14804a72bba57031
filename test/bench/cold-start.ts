// What a new instance has to do before its first request: load the deployed bundle and register every function. Each time
// in a fresh process, taking turns with one that loads the library alone and one that does nothing.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { figure, ratio, scaled } from './benchmark.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import type { Loaded } from './cold-start-process.ts';
import { median, spread } from './statistics.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUNDLE = `${ROOT}dist/main.cjs`;
/** What it starts. */
const CODE = `${ROOT}dist/keyturn.cjs`;
const LOADER = fileURLToPath(new URL('cold-start-process.ts', import.meta.url));
const PROCESSES = 30;

interface Start extends Loaded {
  /** From asking for the process to its end. */
  readonly processMilliseconds: number;
}

async function start(file: string): Promise<Start> {
  const startedAt = performance.now();
  const { stdout } = await run(process.execPath, [LOADER, file]);
  const processMilliseconds = performance.now() - startedAt;
  return { ...(JSON.parse(stdout) as Loaded), processMilliseconds };
}

async function startNothing(): Promise<number> {
  const startedAt = performance.now();
  await run(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}

async function measure({ scale, say }: BenchContext) {
  // It fails unless the bundle registers every function that the sources register.
  const { stdout } = await run(process.execPath, [`${ROOT}infra/build.ts`]);
  say(stdout.trim());
  const bundle: Start[] = [];
  const library: Start[] = [];
  const nothing: number[] = [];
  await start(BUNDLE);
  for (let round = 0; round < scaled(PROCESSES, scale, 3); round++) {
    bundle.push(await start(BUNDLE));
    library.push(await start('@azure/functions'));
    nothing.push(await startNothing());
  }
  const [first] = bundle;
  if (first === undefined || first.functions === 0) throw new Error('the bundle registered no function');
  const bytes = await readFile(CODE);
  const loads = bundle.map(({ loadMilliseconds }) => loadMilliseconds);
  const of = (starts: readonly Start[], field: keyof Loaded | 'processMilliseconds'): number =>
    median(starts.map((each) => each[field]));
  return {
    figures: [
      figure('functions', first.functions, ''),
      figure('loading the bundle', median(loads), 'ms'),
      figure('loading @azure/functions alone', of(library, 'loadMilliseconds'), 'ms'),
      figure('process that loads the bundle', of(bundle, 'processMilliseconds'), 'ms'),
      figure('process that loads @azure/functions', of(library, 'processMilliseconds'), 'ms'),
      figure('process that does nothing', median(nothing), 'ms'),
      figure('bundle', bytes.length / 1024, 'KiB'),
      figure('bundle, compressed', gzipSync(bytes).length / 1024, 'KiB'),
      figure('resident memory with the bundle', of(bundle, 'residentMiB'), 'MiB'),
      figure('resident memory with @azure/functions', of(library, 'residentMiB'), 'MiB'),
      figure('resident memory before loading', of(bundle, 'residentBeforeMiB'), 'MiB'),
    ],
    ratios: [
      ratio('process with the bundle / doing nothing', of(bundle, 'processMilliseconds') / median(nothing)),
      ratio('loading the bundle / @azure/functions', median(loads) / of(library, 'loadMilliseconds')),
    ],
    notes: [
      `Medians of ${bundle.length} fresh processes each, in turn; loading the bundle took ${spread(loads, 0)} ms. Files are in the page cache.`,
      'The processes bring the stand-in of @azure/functions-core, whose TypeScript they strip before they load anything.',
    ],
  };
}

export const coldStartBenchmark: Benchmark = {
  name: 'cold-start',
  title: 'loading the deployed bundle and registering all functions, in fresh processes',
  run: measure,
};
