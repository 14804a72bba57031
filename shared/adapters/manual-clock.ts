// A clock that moves only when told to, for tests.
import { addMinutes, addSeconds, fromInstant } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';

export interface ManualClock extends Clock {
  /** Sets the clock, forward or back; wakes the sleepers whose time has come, the earliest first. */
  set(instant: Instant): void;
  advanceSeconds(seconds: number): void;
  advanceMinutes(minutes: number): void;
}

interface Sleeper {
  readonly untilMilliseconds: number;
  readonly wake: () => void;
}

export function manualClock(start: Instant): ManualClock {
  const sleepers = new Set<Sleeper>();
  let present = start;

  function set(instant: Instant): void {
    present = instant;
    const due = [...sleepers].filter((sleeper) => sleeper.untilMilliseconds <= fromInstant(instant));
    due.sort((one, other) => one.untilMilliseconds - other.untilMilliseconds);
    for (const sleeper of due) sleeper.wake();
  }

  async function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
    const untilMilliseconds = fromInstant(present) + seconds * 1000;
    if (untilMilliseconds <= fromInstant(present) || signal?.aborted === true) return;

    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const sleeper = { untilMilliseconds, wake };
    sleepers.add(sleeper);
    signal?.addEventListener('abort', wake, { once: true });
    await promise;
    sleepers.delete(sleeper);
    signal?.removeEventListener('abort', wake);
  }

  return {
    now: () => present,
    sleep,
    set,
    advanceSeconds: (seconds) => set(addSeconds(present, seconds)),
    advanceMinutes: (minutes) => set(addMinutes(present, minutes)),
  };
}
