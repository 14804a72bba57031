// A wait on the real timer, which keeps the process alive: a daemon that sleeps is not done.
import { setTimeout as timer } from 'node:timers/promises';

/** Resolves after `milliseconds` (below 2^31), or as soon as `signal` aborts; never rejects. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await timer(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}
