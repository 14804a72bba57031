// Fan-out: the stored status of a group's machines follows the group, in pages, in batches of machines with
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
import type { MayGoOn } from './waits.ts';

/** A machine takes two operations: its document and its event. */
const MACHINES_PER_BATCH = BATCH_OPERATIONS_MAX / 2;
/** Machines read at a time: four batches, which are written together and so share the wait. */
const PAGE = 200;
/** Pages of one piece: 1,000 machines. */
const PAGES = 5;

/** Brings up to 1,000 machines after the job's cursor in line, a page at least; answers the last one's id, or null at the end. */
export async function fanOutPiece(system: System, job: Job, mayGoOn: MayGoOn): Promise<string | null> {
  let after = job.cursor;
  for (let page = 0; page < PAGES; page++) {
    after = await fanOutPage(system, job.groupId, after, mayGoOn);
    if (after === null) return null;
    if (!mayGoOn()) break;
  }
  return after;
}

function fanOutPage(
  system: System,
  groupId: string,
  afterId: string | null,
  mayGoOn: MayGoOn,
): Promise<string | null> {
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
    const writes = batchesOf(machines.items).map(async (batch) => {
      const operations = batch.flatMap((machine) => alignment(machine, group.document, now));
      if (operations.length > 0) await system.store.write(groupId, operations);
    });
    // All of them are over before anything is read anew: what is still being written would be in its way.
    await Promise.allSettled(writes);
    await Promise.all(writes);
    return machines.cursor === null ? null : (machines.items.at(-1)?.document.id ?? afterId);
  }, mayGoOn);
}

function batchesOf(machines: readonly Stored<Machine>[]): Stored<Machine>[][] {
  const batches = [];
  for (let start = 0; start < machines.length; start += MACHINES_PER_BATCH) {
    batches.push(machines.slice(start, start + MACHINES_PER_BATCH));
  }
  return batches;
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
