// Virtual time shared by processes, for demos and tests: a file holds the present instant, whoever sets it
// replaces the file whole, and every clock on it follows within some milliseconds.
import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { fromInstant, parseInstant } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';
import { pause } from './pause.ts';

const READ_AGAIN_MILLISECONDS = 10;
const POLL_MILLISECONDS = 20;

/** Counts what this process set, so that its own clocks follow at once. */
let timesSet = 0;

/** Sets the virtual time of every process with a clock on this file, forward or back. Creates the file. */
export function setFileClock(path: string, instant: Instant): void {
  writeFileAtomic.sync(path, `${instant}\n`, { fsync: false });
  timesSet += 1;
}

/**
 * A clock on a file that {@link setFileClock} wrote. While the file is unreadable or half-written (set by
 * other means) the clock stands still; only at the start that is an error.
 */
export function fileClock(path: string): Clock {
  const start = parseInstant(readFileSync(path, 'utf8').trim());
  if (start === null) throw new Error(`${path} holds no instant of the form 2026-11-22T00:00:00Z; set it`);
  let present: Instant = start;
  let readAt = performance.now();
  let seenTimesSet = timesSet;

  function now(): Instant {
    const fresh = performance.now() - readAt < READ_AGAIN_MILLISECONDS && seenTimesSet === timesSet;
    if (!fresh) {
      present = readInstant(path) ?? present;
      readAt = performance.now();
      seenTimesSet = timesSet;
    }
    return present;
  }

  return {
    now,
    async sleep(seconds, signal) {
      const untilMilliseconds = fromInstant(now()) + seconds * 1000;
      while (fromInstant(now()) < untilMilliseconds) {
        if (signal?.aborted === true) return;
        await pause(POLL_MILLISECONDS, signal);
      }
    },
  };
}

function readInstant(path: string): Instant | null {
  try {
    return parseInstant(readFileSync(path, 'utf8').trim());
  } catch {
    // Gone or unreadable for the moment: as good as half-written.
    return null;
  }
}
