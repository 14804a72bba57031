// The machine's own clock. Sleeping follows it too: when it is set, or the machine was suspended, sleepers
// notice within a minute.
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
      for (let remaining = seconds * 1000; remaining > 0; remaining = until - Date.now()) {
        if (signal?.aborted === true) return;
        await pause(Math.min(remaining, LOOK_AGAIN_MILLISECONDS), signal);
      }
    },
  };
}
