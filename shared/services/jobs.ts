// Jobs carried on: each call does one bounded piece and writes down how far it came. The change feed shows that write,
// and so the next piece follows; a piece done twice changes nothing.
import type { Instant } from '../domain/instant.ts';
import type { Job } from '../domain/job.ts';
import { advanceJob } from '../domain/job.ts';
import { WriteConflict } from '../ports/document-store.ts';
import type { FleetDocument, Stored } from '../ports/document-store.ts';
import { deleteGroupPiece, deletePackagesPiece } from './clean-up.ts';
import { fanOutPiece } from './fan-out.ts';
import type { System } from './system.ts';

/** Where a piece ended: the last document done, or null when nothing is left. */
export type PieceEnd = string | null;

/** Carries on jobs of one group, as they are now; those that are done are gone. */
export async function carryOnJobs(
  system: System,
  groupId: string,
  jobs: readonly FleetDocument[],
): Promise<void> {
  for (const { id } of jobs) {
    const job = await system.store.read<Job>(groupId, id);
    if (job !== null) await carryOn(system, job);
  }
}

/** Carries a job on by one piece. When another has carried it on meanwhile, that is just as well. */
export async function carryOn(system: System, { document: job, version }: Stored<Job>): Promise<void> {
  const cursor = await pieceOf(system, job);
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

function pieceOf(system: System, job: Job): Promise<PieceEnd> {
  switch (job.kind) {
    case 'fanOut':
      return fanOutPiece(system, job);
    case 'deletePackages':
      return deletePackagesPiece(system, job);
    case 'deleteGroup':
      return deleteGroupPiece(system, job);
  }
}
