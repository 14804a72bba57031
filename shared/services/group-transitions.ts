// Brings a group's stored status in line with time: windows open and end, keys expire. The scan, an operator and every
// check-in come through here, so that nobody decides on a status that has passed.
import { Problem } from '../api/problem.ts';
import { SERVICE_ACTOR, renewalEvent } from '../domain/event.ts';
import type { Actor, FleetEvent } from '../domain/event.ts';
import { GROUP_DOCUMENT_ID, keyDocumentId } from '../domain/group.ts';
import type { Group, GroupKeyDocument } from '../domain/group.ts';
import { applyTransition, dueTransition } from '../domain/group-transition.ts';
import type { GroupTransition } from '../domain/group-transition.ts';
import type { Instant } from '../domain/instant.ts';
import { jobId, newJob } from '../domain/job.ts';
import { renewalOf } from '../domain/key-delivery-status.ts';
import type { Stored, WriteOperation } from '../ports/document-store.ts';
import { untilNoConflict } from './contention.ts';
import type { System } from './system.ts';

/**
 * The group as stored.
 * @throws Problem `GroupNotFound`, or `GroupDeleted` for one that was deleted.
 */
export async function readGroup(system: System, groupId: string): Promise<Stored<Group>> {
  const stored = await system.store.read<Group>(groupId, GROUP_DOCUMENT_ID);
  if (stored === null) throw new Problem('GroupNotFound', `There is no group ${groupId}.`);
  if (stored.document.status === 'Deleted') {
    throw new Problem('GroupDeleted', `Group ${groupId} was deleted; its keys are not valid any more.`);
  }
  return stored;
}

/** The group as it is at this moment: any transition that time has made due is made first. */
export function currentGroup(system: System, groupId: string): Promise<Stored<Group>> {
  return untilNoConflict(async () => {
    const stored = await readGroup(system, groupId);
    const now = system.clock.now();
    const transition = dueTransition(stored.document, now);
    if (transition === null) return stored;
    if (transition.kind === 'openWindow' && !(await isSettled(system, stored.document))) return stored;
    return writeTransition(system, stored, transition, SERVICE_ACTOR, now);
  });
}

/**
 * Whether the end of the group's last window has been brought to all its machines. Before that no other opens: it would
 * wipe out, unseen, who missed the last one.
 */
export async function isSettled(system: System, { groupId, primaryKey }: Group): Promise<boolean> {
  const last = jobId('fanOut', causeOf(primaryKey?.version ?? 1, 'endWindow'));
  return (await system.store.read(groupId, last)) === null;
}

function causeOf(renewal: number, transition: GroupTransition['kind']): string {
  return `${renewal}:${transition}`;
}

/** Writes a transition with its event and the jobs that it leaves behind, in one batch. */
export async function writeTransition(
  system: System,
  stored: Stored<Group>,
  transition: GroupTransition,
  actor: Actor,
  now: Instant,
): Promise<Stored<Group>> {
  const before = stored.document;
  const group = applyTransition(before, transition, now);
  const event = transitionEvent(before, group, transition, actor, now);
  const cause = causeOf(renewalOf(group, now), transition.kind);
  const operations: WriteOperation[] = [
    { kind: 'replace', document: group, version: stored.version },
    { kind: 'create', document: event },
    { kind: 'create', document: newJob('fanOut', group.groupId, cause, now) },
  ];
  if (transition.kind !== 'openWindow') {
    operations.push({ kind: 'create', document: newJob('deletePackages', group.groupId, cause, now) });
  }
  if (transition.kind === 'endWindow') operations.push(...(await withoutCertificateWrap(system, group)));
  const [version] = await system.store.write(group.groupId, operations);
  return { document: group, version: version ?? stored.version };
}

function transitionEvent(
  before: Group,
  after: Group,
  transition: GroupTransition,
  actor: Actor,
  now: Instant,
): FleetEvent {
  const facts = { groupId: before.groupId, occurredOn: now, actor, renewal: renewalOf(after, now) };
  switch (transition.kind) {
    case 'openWindow':
      return renewalEvent('WindowOpened', { ...facts, reason: openedBecause(after) });
    case 'endWindow':
      return renewalEvent('WindowEnded', {
        ...facts,
        reason: `From now on only version ${after.primaryKey?.version} is used.`,
      });
    case 'expire':
      return renewalEvent('GroupKeyExpired', {
        ...facts,
        reason: `No machine issued version ${facts.renewal} before the certificate expired on ${before.keyExpiryDate}.`,
      });
  }
}

function openedBecause({ renewal, keyExpiryDate }: Group): string {
  switch (renewal?.reason) {
    case 'OperatorRequested':
      return 'An operator asked for a renewal.';
    case 'PolicyChanged':
      return 'By the group’s present policy the key is old enough to be renewed.';
    case 'KeyNearsExpiry':
    case undefined:
      return `The group’s certificate expires on ${keyExpiryDate}.`;
  }
}

/** From the window's end on only the password opens the package. */
async function withoutCertificateWrap(system: System, group: Group): Promise<WriteOperation[]> {
  const id = keyDocumentId(group.primaryKey?.version ?? 0);
  const key = await system.store.read<GroupKeyDocument>(group.groupId, id);
  if (key === null) return [];
  const document: GroupKeyDocument = { ...key.document, certificateWrap: null };
  return [{ kind: 'replace', document, version: key.version }];
}
