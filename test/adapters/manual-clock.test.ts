import { expect, it } from 'vitest';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { describeVirtualClock } from '../conformance/clock.ts';

const START = '2026-11-22T00:00:00Z' as Instant;

describeVirtualClock('manualClock', () => {
  const clock = manualClock(START);
  return { clock, set: (instant) => clock.set(instant) };
});

it('advances by seconds and by minutes', () => {
  const clock = manualClock(START);
  clock.advanceSeconds(61);
  clock.advanceMinutes(60);
  expect(clock.now()).toBe('2026-11-22T01:01:01Z');
});

it('wakes sleepers in the order of their instants', async () => {
  const clock = manualClock(START);
  const woken: number[] = [];
  const sleeps = [30, 10, 20].map(async (seconds) => {
    await clock.sleep(seconds);
    woken.push(seconds);
  });
  clock.advanceMinutes(1);
  await Promise.all(sleeps);
  expect(woken).toEqual([10, 20, 30]);
});
