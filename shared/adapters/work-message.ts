// The form of queued work that every queue keeps: JSON, of a size that any of them takes.
import assert from 'node:assert/strict';
import { WORK_BYTES_MAX } from '../ports/work-queue.ts';

/** A week. */
const WAIT_SECONDS_MAX = 604_800;

/** @throws AssertionError for what is no JSON, too large, or to be shown at no time that there is. */
export function toWorkText(message: unknown, afterSeconds: number): string {
  const isTime = Number.isInteger(afterSeconds) && afterSeconds >= 0 && afterSeconds <= WAIT_SECONDS_MAX;
  assert(isTime, `not a time to wait: ${afterSeconds} s`);
  const text: string | undefined = JSON.stringify(message);
  assert(text !== undefined && Buffer.byteLength(text) <= WORK_BYTES_MAX, 'not a message of a queue');
  return text;
}
