// Jobs: work that a change leaves behind, written in the same batch as the change and done in bounded pieces.
// A job that nobody carries on with comes due again and is taken up by the scan.
import type { Instant } from './instant.ts';
import { addMinutes } from './instant.ts';

/**
 * `fanOut`: bring the stored status of every machine of the group in line. `deletePackages`: delete the packages
 * that the group uses no more. `deleteGroup`: delete what a deleted group left behind, but for its audit trail.
 */
export type JobKind = 'fanOut' | 'deletePackages' | 'deleteGroup';

export interface Job {
  readonly type: 'job';
  readonly id: string;
  readonly groupId: string;
  readonly kind: JobKind;
  /** The last document that is done; null at the beginning. */
  readonly cursor: string | null;
  /** When the scan takes it up if nobody has carried on with it. */
  readonly nextActionOn: Instant;
  /** The call that left it behind, as a W3C `traceparent`; absent where that was not recorded. */
  readonly traceParent?: string;
}

export function jobId(kind: JobKind, cause: string): string {
  return `job:${kind}:${cause}`;
}

const STALLED_MINUTES = 10;

/** A job of a kind for what happened; `cause` tells it from others of its kind in the group. */
export function newJob(kind: JobKind, groupId: string, cause: string, now: Instant): Job {
  return {
    type: 'job',
    id: jobId(kind, cause),
    groupId,
    kind,
    cursor: null,
    nextActionOn: addMinutes(now, STALLED_MINUTES),
  };
}

/** The job once everything up to `cursor` is done. */
export function advanceJob(job: Job, cursor: string, now: Instant): Job {
  return { ...job, cursor, nextActionOn: addMinutes(now, STALLED_MINUTES) };
}

/** Whether a job has come further than another state of it. */
export function isAhead(job: Job, other: Job): boolean {
  return job.nextActionOn > other.nextActionOn;
}

/** Whether it has not come as far; so when two pieces in one second leave that open. */
export function isBehind(job: Job, other: Job): boolean {
  return !isAhead(job, other) && (job.nextActionOn !== other.nextActionOn || job.cursor !== other.cursor);
}
