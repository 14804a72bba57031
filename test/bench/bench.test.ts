// The benchmarks at a size at which figures mean nothing: that each runs, finds right answers and gives figures.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { BenchDocument } from './report.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

async function bench(...options: string[]): Promise<string> {
  return (await run(process.execPath, [MAIN, ...options])).stdout;
}

/** Without cold-start, which builds into `dist/`, and renewal, which starts agents by the dozen. */
const NAMES = ['check-in', 'due-scan', 'fan-out', 'costs'];

test('every benchmark runs at a small scale, finds right answers and gives finite figures', async () => {
  const output = await bench('--json', '--scale', '0.002', '--only', NAMES.join());
  const { benchmarks, machine, versions } = JSON.parse(output) as BenchDocument;
  expect(benchmarks.map(({ name, error }) => ({ name, error }))).toEqual(
    NAMES.map((name) => ({ name, error: null })),
  );
  for (const { result } of benchmarks) {
    const values = [...(result?.figures ?? []), ...(result?.ratios ?? [])];
    expect(values).not.toEqual([]);
    expect(values.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  }
  const goals = benchmarks.flatMap(({ result }) => result?.ratios ?? []).filter(({ goal }) => goal !== null);
  expect(goals.filter(({ isMet }) => isMet === null)).toEqual([]);
  expect(machine.cores).toBeGreaterThan(0);
  expect(versions.node).toBe(process.versions.node);
});

test('says what there is to measure', async () => {
  const lines = (await bench('--list')).trim().split('\n');
  expect(lines.map((line) => line.split(':')[0])).toEqual([
    ...NAMES.slice(0, 3),
    'renewal',
    'costs',
    'cold-start',
  ]);
});

test('refuses a benchmark that there is not, and a scale of nothing', async () => {
  await expect(bench('--only', 'cold-fusion')).rejects.toMatchObject({ code: 2 });
  await expect(bench('--scale', '0')).rejects.toMatchObject({ code: 2 });
});
