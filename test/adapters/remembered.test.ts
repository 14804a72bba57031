import { expect, test } from 'vitest';
import { remembered } from '../../shared/adapters/remembered.ts';

function counted(outcomes: readonly (() => Promise<number>)[]) {
  const state = { now: 1000, done: 0 };
  const ask = remembered(
    async () => {
      const outcome = outcomes[state.done++];
      if (outcome === undefined) throw new Error('asked too often');
      return outcome();
    },
    5000,
    () => state.now,
  );
  return { state, ask };
}

test('an outcome is given again until its time is over, and not a millisecond longer', async () => {
  const { state, ask } = counted([async () => 1, async () => 2]);
  expect(await ask()).toBe(1);
  state.now += 4999;
  expect(await ask()).toBe(1);
  state.now += 1;
  expect(await ask()).toBe(2);
  expect(await ask()).toBe(2);
});

test('all who ask while the work is done share it, and its time begins when it is done', async () => {
  const work = Promise.withResolvers<number>();
  const { state, ask } = counted([() => work.promise]);
  const first = ask();
  state.now += 60_000;
  const second = ask();
  work.resolve(1);
  expect(await Promise.all([first, second])).toEqual([1, 1]);
  state.now += 4999;
  expect(await ask()).toBe(1);
  expect(state.done).toBe(1);
});

test('a failure is remembered as long, and then tried again', async () => {
  const { state, ask } = counted([() => Promise.reject(new Error('down')), async () => 2]);
  await expect(ask()).rejects.toThrow('down');
  await expect(ask()).rejects.toThrow('down');
  expect(state.done).toBe(1);
  state.now += 5000;
  expect(await ask()).toBe(2);
});
