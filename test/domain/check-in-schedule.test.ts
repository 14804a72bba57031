import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  longestWaitSeconds,
  nextCheckInSeconds,
  STEADY_SECONDS_DEFAULT,
} from '../../shared/domain/check-in-schedule.ts';
import type { CheckInPace } from '../../shared/domain/check-in-schedule.ts';
import { addSeconds, fromInstant } from '../../shared/domain/instant.ts';
import { at, MACHINE_ID } from './fixtures.ts';

const NOW = at('2026-02-01');
const PERIODS: Record<CheckInPace, number> = { joining: 8, soon: 60, busy: 300, steady: 3600, idle: 21_600 };
const PACES = Object.keys(PERIODS) as CheckInPace[];

/** Ids that look like UUIDs and are the same in every run. */
function machineIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const hex = createHash('sha256').update(`machine ${index}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  });
}

describe('the next check-in', () => {
  it('is the same for the same machine at the same instant', () => {
    for (const pace of PACES) {
      const ask = () => nextCheckInSeconds(MACHINE_ID, pace, STEADY_SECONDS_DEFAULT, NOW);
      expect(ask()).toBe(ask());
    }
  });

  it.each(PACES)('of the pace %s is a quarter to five quarters of its period away', (pace) => {
    const period = PERIODS[pace];
    const waits = machineIds(10_000).map((id) => nextCheckInSeconds(id, pace, STEADY_SECONDS_DEFAULT, NOW));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(period / 4);
    expect(Math.max(...waits)).toBeLessThan(period * 1.25);
    expect(waits.every(Number.isInteger)).toBe(true);
  });

  it('comes back to the machine’s own place, whenever it was asked', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.constantFrom(...PACES),
        fc.integer({ min: 0, max: 10 ** 6 }),
        (id, pace, later) => {
          const place = (from: typeof NOW) => {
            const next = addSeconds(from, nextCheckInSeconds(id, pace, STEADY_SECONDS_DEFAULT, from));
            return (fromInstant(next) / 1000) % PERIODS[pace];
          };
          expect(place(addSeconds(NOW, later))).toBe(place(NOW));
        },
      ),
    );
  });

  // By chance alone, 10,000 machines over 3,600 seconds are at most about a dozen in one of them; over 300, about sixty.
  it.each([
    ['soon', 60, 250],
    ['busy', 300, 75],
    ['steady', 3600, 15],
    ['idle', 21_600, 10],
  ] as const)('of the pace %s is spread over its period, not crowded', (pace, period, most) => {
    const perSecond = new Map<number, number>();
    for (const id of machineIds(10_000)) {
      const wait = nextCheckInSeconds(id, pace, STEADY_SECONDS_DEFAULT, NOW);
      perSecond.set(wait, (perSecond.get(wait) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(most);
    expect(perSecond.size).toBeGreaterThan(Math.min(period, 10_000) * 0.75);
  });

  it('is at least a second away', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.constantFrom(...PACES),
        fc.integer({ min: 60, max: 86_400 }),
        (id, pace, steady) => {
          const wait = nextCheckInSeconds(id, pace, steady, NOW);
          expect(wait).toBeGreaterThanOrEqual(1);
          expect(wait).toBeLessThanOrEqual(longestWaitSeconds(steady));
        },
      ),
    );
  });
});

describe('the steady pace, as it is set', () => {
  it.each([
    ['busy', 60, 60],
    ['busy', 86_400, 300],
    ['steady', 60, 60],
    ['steady', 86_400, 86_400],
    ['idle', 60, 21_600],
    ['idle', 86_400, 86_400],
    ['soon', 86_400, 60],
    ['joining', 86_400, 8],
  ] as const)('gives %s with %d s a period of %d s', (pace, steady, period) => {
    const waits = machineIds(2000).map((id) => nextCheckInSeconds(id, pace, steady, NOW));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(period / 4);
    expect(Math.max(...waits)).toBeLessThan(period * 1.25);
    expect(Math.max(...waits)).toBeGreaterThan(period);
  });

  it.each([
    [3600, 27_000],
    [21_600, 27_000],
    [86_400, 108_000],
  ])('of %d s lets no machine wait longer than %d s', (steady, longest) => {
    expect(longestWaitSeconds(steady)).toBe(longest);
  });
});
