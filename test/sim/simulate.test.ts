// The simulation itself: that it repeats, that it finds and shortens, and that its defects are where their texts say.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readSourceTree } from '../source-tree.ts';
import { actionOf } from './history.ts';
import { MUTATIONS } from './mutations.ts';
import { INVARIANTS } from './violations.ts';
import type { Report } from './worker.ts';
import { runOrders } from './workers.ts';
import type { Laboratory } from './workers.ts';

const SOUND: Laboratory = { crypto: 'stand-in', mutation: null };

async function simulated(
  laboratory: Laboratory,
  order: { readonly seed: number; readonly keep?: readonly number[] },
  times = 1,
): Promise<Report[]> {
  const reports: Report[] = [];
  const full = { years: 1, keep: null, shrinkMilliseconds: 20_000, trace: false, ...order };
  await runOrders(
    laboratory,
    Array.from({ length: times }, () => full),
    (report) => reports.push(report) > 0,
    1,
  );
  return reports;
}

describe('a seed', () => {
  test('is the same world in every process, and in one process again', async () => {
    const [first, again] = await simulated(SOUND, { seed: 2 }, 2);
    const [elsewhere] = await simulated(SOUND, { seed: 2 });
    expect(first?.result).toMatchObject({ violation: null, seed: 2 });
    expect(first?.result.gates).toBeGreaterThan(1_000);
    expect(again?.result).toEqual(first?.result);
    expect(elsewhere?.result).toEqual(first?.result);
  });

  test('is another world than the next one', async () => {
    expect(actionOf(1, 0)).toEqual(actionOf(1, 0));
    const histories = [1, 2].map((seed) => Array.from({ length: 20 }, (_, number) => actionOf(seed, number)));
    expect(histories[0]).not.toEqual(histories[1]);
  });

  test('can be had with real cryptography', async () => {
    const [report] = await simulated(
      { crypto: 'real', mutation: null },
      { seed: 3, keep: [0, 1, 2, 3, 4, 5, 6] },
    );
    expect(report?.result).toMatchObject({ violation: null });
    expect(report?.result.seen['keys accepted']).toBeGreaterThan(0);
  });
});

test('a defect is found, its history is shortened, and what is left shows it again', async () => {
  const laboratory = { ...SOUND, mutation: 'a proof is written without its event' };
  const [found] = await simulated(laboratory, { seed: 1 });
  expect(found?.result.violation?.invariant).toBe('change-without-event');
  const keep = found?.history?.map(({ number }) => number) ?? [];
  // A group and a machine that joins it: nothing less shows it.
  expect(found?.history?.map(({ action }) => action)).toMatchObject([{ do: 'createGroup' }, { do: 'join' }]);
  const [again] = await simulated(laboratory, { seed: 1, keep });
  expect(again?.result.violation).toEqual(found?.result.violation);
  const [sound] = await simulated(SOUND, { seed: 1, keep });
  expect(sound?.result.violation).toBeNull();
});

describe('the deliberate defects', () => {
  const tree = readSourceTree('functions', 'shared', 'cli');

  test.for(MUTATIONS)('$name: its text is in the source once', ({ edits }) => {
    for (const { file, find, put } of edits) {
      expect(tree.get(file)?.split(find), file).toHaveLength(2);
      expect(put).not.toBe(find);
    }
  });

  test('are to be caught by every invariant', () => {
    const biting = new Set(MUTATIONS.flatMap(({ breaks }) => breaks));
    expect(Object.keys(INVARIANTS).filter((name) => !biting.has(name as keyof typeof INVARIANTS))).toEqual(
      [],
    );
  });
});

describe('npm run simulate', () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const simulate = (...options: string[]) =>
    promisify(execFile)(process.execPath, [main, ...options]).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  test('tells what a broken invariant was, and how to see it again', async () => {
    const { code, stdout } = await simulate(
      '--seed',
      '1',
      '--mutation',
      'a proof is written without its event',
    );
    expect(code).toBe(1);
    expect(stdout).toContain('BROKEN in seed 1');
    expect(stdout).toMatch(/npm run simulate -- --seed 1 --years 2 --keep=\d+(,\d+)* --mutation 'a proof/);
  });

  test.for([['--seeds', 'many'], ['--crypto', 'none'], ['--mutation', 'no such defect'], ['--unknown']])(
    '%s is refused with what may be said',
    async (options) => {
      const { code, stderr } = await simulate(...options);
      expect(code).toBe(2);
      expect(stderr).toContain('--seeds N');
    },
  );
});
