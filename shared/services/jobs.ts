// Jobs carried on: each call does one bounded piece and writes down how far it came. The change feed shows that write,
// and so the next piece follows; a piece done twice changes nothing.
import type { Instant } from '../domain/instant.ts';
import type { Job } from '../domain/job.ts';
import { advanceJob, isAhead, isBehind } from '../domain/job.ts';
import { WriteConflict } from '../ports/document-store.ts';
import type { Stored } from '../ports/document-store.ts';
import { deleteGroupPiece, deletePackagesPiece } from './clean-up.ts';
import { fanOutPiece } from './fan-out.ts';
import type { System } from './system.ts';
import { forEver, Later, requireTime } from './waits.ts';
import type { MayGoOn } from './waits.ts';

/** Where a piece ended: the last document done, or null when nothing is left. */
export type PieceEnd = string | null;

/** Seconds until this instance sees what the feed has shown already. */
const UNSEEN_SECONDS = 2;

/**
 * Carries on jobs of one group that the feed shows. One that has come further meanwhile it passes over: the feed shows that, too.
 * @throws Later when this instance does not see one yet as it was shown, or no more: carrying on from further back would end in
 * a conflict, and nobody would be shown the job again.
 */
export async function carryOnShownJobs(
  system: System,
  groupId: string,
  shown: readonly Job[],
  mayGoOn: MayGoOn,
): Promise<void> {
  for (const job of shown) {
    requireTime(mayGoOn);
    const seen = await system.store.read<Job>(groupId, job.id);
    if (seen === null || isBehind(seen.document, job)) {
      throw new Later(
        `${job.id} of group ${groupId} is not to be seen as the feed showed it`,
        UNSEEN_SECONDS,
      );
    }
    if (!isAhead(seen.document, job)) await carryOn(system, seen, mayGoOn);
  }
}

/** Carries on jobs of one group, as they are now; those that are done are gone. */
export async function carryOnJobs(
  system: System,
  groupId: string,
  ids: readonly string[],
  mayGoOn: MayGoOn,
): Promise<void> {
  for (const id of ids) {
    requireTime(mayGoOn);
    const job = await system.store.read<Job>(groupId, id);
    if (job !== null) await carryOn(system, job, mayGoOn);
  }
}

/** Carries a job on by one piece. When another has carried it on meanwhile, that is just as well. */
export async function carryOn(
  system: System,
  { document: job, version }: Stored<Job>,
  mayGoOn: MayGoOn = forEver,
): Promise<void> {
  const cursor = await pieceOf(system, job, mayGoOn);
  if (cursor === null && isToBeLookedAtAgain(job, system.clock.now())) return;
  try {
    await system.store.write(job.groupId, [
      cursor === null
        ? { kind: 'delete', id: job.id, version }
        : { kind: 'replace', document: advanceJob(job, cursor, system.clock.now()), version },
    ]);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
  }
}

/**
 * A call that began before its group was deleted may still put a package. The job stays until none can be under way: the scan
 * takes it up then, and ends it.
 */
function isToBeLookedAtAgain({ kind, nextActionOn }: Job, now: Instant): boolean {
  return kind === 'deleteGroup' && now < nextActionOn;
}

function pieceOf(system: System, job: Job, mayGoOn: MayGoOn): Promise<PieceEnd> {
  switch (job.kind) {
    case 'fanOut':
      return fanOutPiece(system, job, mayGoOn);
    case 'deletePackages':
      return deletePackagesPiece(system, job, mayGoOn);
    case 'deleteGroup':
      return deleteGroupPiece(system, job, mayGoOn);
  }
}
