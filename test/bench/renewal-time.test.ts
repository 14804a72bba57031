import { expect, test } from 'vitest';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { VirtualTime } from './renewal-time.ts';

const START = '2026-01-01T00:00:00Z' as Instant;
const after = (seconds: number): Instant => addSeconds(START, seconds);

function timeOf(sleepers: readonly number[]): { time: VirtualTime; seen: Instant[] } {
  const seen: Instant[] = [];
  const time = new VirtualTime(START, (now) => seen.push(now));
  for (const [agent, seconds] of sleepers.entries()) time.sleeps(agent, after(seconds));
  return { time, seen };
}

test('time moves to each agent’s check-in in turn, and everybody is told', () => {
  const { time, seen } = timeOf([30, 10, 20]);
  expect(time.wake(after(3600))).toEqual([1, 2, 0]);
  expect(seen).toEqual([START, after(10), after(20), after(30)]);
  expect(time.now).toBe(after(30));
});

test('nobody wakes more than a minute after a check-in that is under way began', () => {
  const { time } = timeOf([0, 60, 61, 5000]);
  expect(time.wake(after(9999))).toEqual([0, 1]);
  time.sleeps(1, after(9000));
  expect(time.wake(after(9999))).toEqual([]);
  time.sleeps(0, after(9000));
  expect(time.wake(after(9999))).toEqual([2]);
  time.sleeps(2, after(9000));
  expect(time.wake(after(9999))).toEqual([3]);
});

test('time goes no further than it is let, and never back', () => {
  const { time } = timeOf([10, 20]);
  expect(time.wake(after(15))).toEqual([0]);
  time.sleeps(0, after(16));
  expect(time.isQuietUntil(after(16))).toBe(true);
  expect(time.isQuietUntil(after(17))).toBe(false);
  time.moveTo(after(100));
  expect(time.wake(after(100))).toEqual([0, 1]);
  expect(time.now).toBe(after(100));
});

test('no more than so many are under way at one time', () => {
  const { time } = timeOf(Array.from({ length: 200 }, () => 5));
  expect(time.wake(after(10))).toHaveLength(64);
  expect(time.underWay).toBe(64);
  expect(time.isQuietUntil(after(10))).toBe(false);
  time.sleeps(0, after(500));
  expect(time.wake(after(10))).toHaveLength(1);
});
