import { array, assert, asyncProperty, integer, nat } from 'fast-check';
import { expect, test } from 'vitest';
import { shortest } from './shrink.ts';

const always = (): boolean => true;

test('what fails because of a few items shrinks to just those', async () => {
  await assert(
    asyncProperty(integer({ min: 1, max: 120 }), array(nat()), async (count, chosen) => {
      const items = Array.from({ length: count }, (_, index) => index);
      const causes = [...new Set(chosen.map((each) => each % count))].toSorted((one, other) => one - other);
      const fails = async (part: readonly number[]): Promise<boolean> =>
        causes.every((each) => part.includes(each));
      expect(await shortest(items, fails, always)).toEqual(causes);
    }),
  );
});

/** For no simple reason. */
async function fails(part: readonly number[]): Promise<boolean> {
  return part.length % 2 === 0 && part.filter((each) => each % 3 === 0).length >= 4;
}

test('no item of what is left can be left out, whatever makes it fail', async () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const kept = await shortest(items, fails, always);
  expect(await fails(kept)).toBe(true);
  for (const item of kept) expect(await fails(kept.filter((each) => each !== item))).toBe(false);
});

test('it stops when it is told to, with what it has', async () => {
  let calls = 0;
  const kept = await shortest(
    [1, 2, 3, 4, 5, 6, 7, 8],
    async (part) => part.includes(5),
    () => ++calls <= 2,
  );
  expect(kept).toContain(5);
  expect(kept.length).toBeGreaterThan(1);
});
