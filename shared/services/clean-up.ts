// What is cleaned up behind a change: packages that no document names any more, and all that a deleted group leaves,
// except its audit trail, its notifications and the mark that it was deleted.
import { GROUP_DOCUMENT_ID } from '../domain/group.ts';
import type { Group } from '../domain/group.ts';
import type { Job } from '../domain/job.ts';
import type { DocumentType } from '../ports/document-store.ts';
import { BATCH_OPERATIONS_MAX, WriteConflict } from '../ports/document-store.ts';
import type { System } from './system.ts';
import { requireTime } from './waits.ts';
import type { MayGoOn } from './waits.ts';

/**
 * Deletes the group's packages but for those of its present keys and of a version that may be being issued right now:
 * the outgoing key's, and those of issuers that died between vault and store.
 */
export async function deletePackagesPiece(system: System, job: Job, mayGoOn: MayGoOn): Promise<null> {
  const names = await system.vault.list(job.groupId);
  const group = await system.store.read<Group>(job.groupId, GROUP_DOCUMENT_ID);
  const { primaryKey, secondaryKey, status } = group?.document ?? {};
  const kept = new Set([primaryKey?.thumbprint, secondaryKey?.thumbprint]);
  for (const name of names) {
    requireTime(mayGoOn);
    const isBeingIssued = status !== 'Deleted' && name.version > (primaryKey?.version ?? 0);
    const isInUse = status !== 'Deleted' && kept.has(name.thumbprint);
    if (!isInUse && !isBeingIssued) await system.vault.delete(name);
  }
  return null;
}

const LEFT_BEHIND: readonly DocumentType[] = ['machine', 'key', 'enrollmentToken'];

/** Deletes up to 100 documents of one kind; at the end, when nothing can name them any more, the packages. */
export async function deleteGroupPiece(system: System, job: Job, mayGoOn: MayGoOn): Promise<string | null> {
  for (const type of LEFT_BEHIND) {
    const { items } = await system.store.query({ type, groupId: job.groupId, limit: BATCH_OPERATIONS_MAX });
    if (items.length === 0) continue;
    try {
      await system.store.write(
        job.groupId,
        items.map(({ document, version }) => ({ kind: 'delete', id: document.id, version })),
      );
    } catch (error) {
      // A machine that was still under way wrote one of them: they are read again in the next piece.
      if (!(error instanceof WriteConflict)) throw error;
    }
    return `${type}:${items.at(-1)?.document.id}`;
  }
  return deletePackagesPiece(system, job, mayGoOn);
}
