// The clock's contract, for every adapter. Nothing here waits for long, and nothing asserts how long it took.
import { describe, expect, it } from 'vitest';
import { addSeconds, parseInstant, secondsBetween } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Clock } from '../../shared/ports/clock.ts';

export interface OpenedClock {
  readonly clock: Clock;
  /** Sets a virtual clock. */
  readonly set?: (instant: Instant) => void;
}

export type OpenedVirtualClock = Required<OpenedClock>;

/** Whether it resolves without anything else being done; clocks that poll are given the time to. */
async function isSettled(sleep: Promise<void>): Promise<boolean> {
  const patience = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 50));
  return Promise.race([sleep.then(() => true), patience]);
}

export function describeClock(name: string, open: () => OpenedClock): void {
  describe(`${name} as a clock`, () => {
    it('tells an instant of the fixed form', () => {
      const { clock } = open();
      expect(parseInstant(clock.now())).toBe(clock.now());
    });

    it.each([0, -1, -Infinity])('does not sleep for %d seconds', async (seconds) => {
      const { clock } = open();
      await expect(clock.sleep(seconds)).resolves.toBeUndefined();
    });

    it('ends a sleep of any length when it is aborted, before or meanwhile', async () => {
      const { clock } = open();
      await expect(clock.sleep(3600, AbortSignal.abort())).resolves.toBeUndefined();
      for (const seconds of [3600, 1e9, Infinity]) {
        const abort = new AbortController();
        const sleep = clock.sleep(seconds, abort.signal);
        expect(await isSettled(sleep)).toBe(false);
        abort.abort(new Error('enough'));
        await expect(sleep).resolves.toBeUndefined();
      }
    });

    it('has moved on by at least the seconds slept', async () => {
      const { clock, set } = open();
      const start = clock.now();
      const sleep = clock.sleep(1);
      set?.(addSeconds(start, 1));
      await sleep;
      expect(secondsBetween(start, clock.now())).toBeGreaterThanOrEqual(1);
    });
  });
}

export function describeVirtualClock(name: string, open: () => OpenedVirtualClock): void {
  describeClock(name, open);

  describe(`${name} as a virtual clock`, () => {
    it('tells what it was set to, forward and back', () => {
      const { clock, set } = open();
      for (const seconds of [60, 3600, -86_400]) {
        const instant = addSeconds(clock.now(), seconds);
        set(instant);
        expect(clock.now()).toBe(instant);
      }
    });

    it('wakes those whose time has come, and only those', async () => {
      const { clock, set } = open();
      const start = clock.now();
      const abort = new AbortController();
      const near = clock.sleep(60);
      const far = clock.sleep(86_400 * 365, abort.signal);
      set(addSeconds(start, 59));
      expect(await isSettled(near)).toBe(false);
      set(addSeconds(start, 60));
      await near;
      expect(await isSettled(far)).toBe(false);
      set(addSeconds(start, 86_400 * 366));
      await far;
    });

    it('lets sleepers sleep longer when it is set back', async () => {
      const { clock, set } = open();
      const start = clock.now();
      const sleep = clock.sleep(60);
      set(addSeconds(start, -3600));
      set(addSeconds(start, -3500));
      expect(await isSettled(sleep)).toBe(false);
      set(addSeconds(start, 61));
      await sleep;
    });
  });
}
