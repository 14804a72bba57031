// The machine's own clock. Sleeping follows it too: when it is set forward, or the machine was suspended, sleepers
// notice within a minute; when it is set back, they sleep no longer than they were to.
import { toInstant } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';
import { pause } from './pause.ts';

/** How long to trust one timer; also keeps it below the 2^31 ms that timers can hold. */
const LOOK_AGAIN_MILLISECONDS = 60_000;

export function systemClock(): Clock {
  return {
    now: () => toInstant(Date.now()),

    async sleep(seconds, signal) {
      const until = Date.now() + seconds * 1000;
      const begunAt = performance.now();
      // Of a clock that is set back, the time that has really passed counts: it must not keep a sleeper for what it was ahead.
      const remaining = (): number =>
        Math.min(until - Date.now(), seconds * 1000 - (performance.now() - begunAt));
      for (let left = seconds * 1000; left > 0; left = remaining()) {
        if (signal?.aborted === true) return;
        await pause(Math.min(left, LOOK_AGAIN_MILLISECONDS), signal);
      }
    },
  };
}
