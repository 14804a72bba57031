// Work in this process's memory, for tests: the whole port but for durability, and the part of the Functions host that shows
// messages to whoever handles them. Messages are kept as JSON text, so that they are shared with no one.
import { addSeconds } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';
import type { WorkQueue } from '../ports/work-queue.ts';
import { toWorkText } from './work-message.ts';

/** A message that fails is shown again after so long, and so often at all: as host.json says. */
export const SHOWN_AGAIN_SECONDS = 30;
export const SHOWN_MAX = 5;

export interface MemoryWorkQueue extends WorkQueue {
  /** Shows every message whose time has come to `handle`, and answers how many those were. What fails is shown again later. */
  deliver(handle: (message: unknown) => Promise<unknown>): Promise<number>;
}

interface Kept {
  readonly text: string;
  readonly visibleOn: Instant;
  readonly shown: number;
}

export function memoryWorkQueue(clock: Clock): MemoryWorkQueue {
  let waiting: Kept[] = [];
  let dead: string[] = [];

  function put(text: string, afterSeconds: number, shown = 0): void {
    waiting.push({ text, visibleOn: addSeconds(clock.now(), afterSeconds), shown });
  }

  return {
    async send(message, afterSeconds) {
      put(toWorkText(message, afterSeconds), afterSeconds);
    },

    async waiting() {
      return waiting.length;
    },

    async deadLetters() {
      return dead.length;
    },

    async redrive(limit) {
      const redriven = dead.slice(0, limit);
      for (const text of redriven) put(text, 0);
      dead = dead.slice(redriven.length);
      return redriven.length;
    },

    async deliver(handle) {
      const now = clock.now();
      const due = waiting.filter(({ visibleOn }) => visibleOn <= now);
      waiting = waiting.filter(({ visibleOn }) => visibleOn > now);
      for (const { text, shown } of due) {
        try {
          await handle(JSON.parse(text));
        } catch {
          // As the host: whoever handles it has said why in the log.
          if (shown + 1 < SHOWN_MAX) put(text, SHOWN_AGAIN_SECONDS, shown + 1);
          else dead.push(text);
        }
      }
      return due.length;
    },
  };
}
