// The one source of time. Everything that needs the time is handed a clock or a `now` read from one.
import type { Instant } from '../domain/instant.ts';

export interface Clock {
  /** The present instant. May repeat, and may step back when the machine's clock is set. */
  now(): Instant;

  /**
   * Resolves once the clock has moved `seconds` on from the moment of the call, or as soon as `signal`
   * aborts; never rejects. A virtual clock that is set forward wakes its sleepers.
   */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>;
}
