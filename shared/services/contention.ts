// Optimistic concurrency: read, decide, write; when another was faster, read again and decide anew.
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Problem } from '../api/problem.ts';
import { WriteConflict } from '../ports/document-store.ts';
import { forEver } from './waits.ts';
import type { MayGoOn } from './waits.ts';

const ATTEMPTS = 60;
const PAUSE_MILLISECONDS_MAX = 250;

/**
 * Runs `work` (which reads, decides and writes one batch) until it meets no conflict, after pauses that grow and differ.
 * @throws Problem `Contention` when others were faster every time.
 */
export async function untilNoConflict<T>(work: () => Promise<T>, mayGoOn: MayGoOn = forEver): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
      if (attempt === ATTEMPTS || !mayGoOn()) {
        throw new Problem('Contention', 'Others changed the same thing at every attempt; try again.', {
          cause: error,
          retryAfterSeconds: 5,
        });
      }
      await setTimeout(randomInt(Math.min(PAUSE_MILLISECONDS_MAX, 2 ** Math.min(attempt, 10))));
    }
  }
}
