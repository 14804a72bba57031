// Fan-out: the stored status of a group's machines follows the group, in pages, each page one batch of machines with
// their events. It computes each status from the group as it is now, so repeating it, or an older one that comes late, is harmless.
import { SERVICE_ACTOR } from '../domain/event.ts';
import { GROUP_DOCUMENT_ID } from '../domain/group.ts';
import type { Group } from '../domain/group.ts';
import type { Instant } from '../domain/instant.ts';
import type { Job } from '../domain/job.ts';
import { expectedKeyDeliveryStatus } from '../domain/key-delivery-status.ts';
import type { Machine } from '../domain/machine.ts';
import { BATCH_OPERATIONS_MAX } from '../ports/document-store.ts';
import type { Stored, WriteOperation } from '../ports/document-store.ts';
import { untilNoConflict } from './contention.ts';
import { statusChange } from './status-changes.ts';
import type { System } from './system.ts';

/** Machines read at a time. Each takes two operations, so these are four batches: written together, they share the wait. */
const PAGE = 200;
/** Pages of one piece: 1,000 machines. */
const PAGES = 5;

/** Brings up to 1,000 machines after the job's cursor in line; answers the last one's id, or null at the end. */
export async function fanOutPiece(system: System, job: Job): Promise<string | null> {
  let after = job.cursor;
  for (let page = 0; page < PAGES; page++) {
    after = await fanOutPage(system, job.groupId, after);
    if (after === null) return null;
  }
  return after;
}

function fanOutPage(system: System, groupId: string, afterId: string | null): Promise<string | null> {
  return untilNoConflict(async () => {
    const machines = await system.store.query<Machine>({
      type: 'machine',
      groupId,
      where: [{ field: 'membership', is: '=', value: 'member' }],
      limit: PAGE,
      afterId,
    });
    // After its machines: seen with an older group, one that has just got the new key would look as if it held a wrong one.
    const group = await system.store.read<Group>(groupId, GROUP_DOCUMENT_ID);
    if (group === null || group.document.status === 'Deleted') return null;
    const now = system.clock.now();
    const operations = machines.items.flatMap((machine) => alignment(machine, group.document, now));
    const batches = [];
    for (let start = 0; start < operations.length; start += BATCH_OPERATIONS_MAX) {
      batches.push(system.store.write(groupId, operations.slice(start, start + BATCH_OPERATIONS_MAX)));
    }
    await Promise.all(batches);
    return machines.cursor === null ? null : (machines.items.at(-1)?.document.id ?? afterId);
  });
}

function alignment(stored: Stored<Machine>, group: Group, now: Instant): WriteOperation[] {
  const machine = stored.document;
  const expected = expectedKeyDeliveryStatus(machine, group, now);
  if (machine.keyDeliveryStatus === expected) return [];
  const aligned: Machine = { ...machine, keyDeliveryStatus: expected };
  return [
    { kind: 'replace', document: aligned, version: stored.version },
    ...statusChange(machine, aligned, group, SERVICE_ACTOR, now),
  ];
}
