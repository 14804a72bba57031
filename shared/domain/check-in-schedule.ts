// When a machine is to check in next. The service sets the pace and spreads machines over it by a hash of their ids:
// the same machine at the same instant is always given the same answer, and 100,000 machines never arrive together.
import { fromInstant } from './instant.ts';
import type { Instant } from './instant.ts';

/**
 * `joining`: a person waits. `soon`: another machine is about to issue the key. `busy`: there is something to do and the
 * agent should have done it by then. `steady`: nothing to do. `idle`: nothing that a check-in could change.
 */
export type CheckInPace = 'joining' | 'soon' | 'busy' | 'steady' | 'idle';

/** The default of the steady pace, seconds. */
export const STEADY_SECONDS_DEFAULT = 3600;

const IDLE_SECONDS = 21_600;

/** The longest that any pace waits, seconds, by the steady pace. */
export function longestWaitSeconds(steadySeconds: number): number {
  return Math.ceil(1.25 * Math.max(steadySeconds, IDLE_SECONDS));
}

/** Seconds from `now` until the machine's next check-in: at its own place in the pace's period, a quarter of one away at least. */
export function nextCheckInSeconds(
  machineId: string,
  pace: CheckInPace,
  steadySeconds: number,
  now: Instant,
): number {
  const period = periodSeconds(pace, steadySeconds);
  const seconds = Math.floor(fromInstant(now) / 1000);
  const place = fnv1a(machineId) % period;
  const least = Math.ceil(period / 4);
  return least + modulo(place - (seconds + least), period);
}

function periodSeconds(pace: CheckInPace, steadySeconds: number): number {
  switch (pace) {
    case 'joining':
      return 8;
    case 'soon':
      return 60;
    case 'busy':
      return Math.min(300, steadySeconds);
    case 'steady':
      return steadySeconds;
    case 'idle':
      return Math.max(IDLE_SECONDS, steadySeconds);
  }
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** FNV-1a, 32 bits: spreads ids evenly; not for secrets. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
