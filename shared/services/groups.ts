// Groups, for people.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { createGroupBody, GroupView, listGroupsQuery, updateGroupBody } from '../api/group.ts';
import { Problem } from '../api/problem.ts';
import { singleEvent } from '../domain/event.ts';
import { GROUP_DOCUMENT_ID } from '../domain/group.ts';
import type { Group } from '../domain/group.ts';
import { scheduled } from '../domain/group-transition.ts';
import { newJob } from '../domain/job.ts';
import { KEY_DELIVERY_STATUSES } from '../domain/machine.ts';
import { completePolicy, policyViolations } from '../domain/policy.ts';
import type { RenewalPolicy } from '../domain/policy.ts';
import { nextRenewalDate } from '../domain/window.ts';
import { WriteConflict } from '../ports/document-store.ts';
import type { Condition } from '../ports/document-store.ts';
import type { Person } from '../ports/people-authenticator.ts';
import { untilNoConflict } from './contention.ts';
import { currentGroup, readGroup } from './group-transitions.ts';
import type { System } from './system.ts';

/**
 * Creates a group in `NoKey`. With an id of the caller's choice the same call again creates no other: it is refused, and so
 * tells that the first was heard.
 * @throws Problem `PolicyOutOfRange`; `IdTaken`, also by a group that was deleted.
 */
export async function createGroup(
  system: System,
  person: Person,
  body: z.output<typeof createGroupBody>,
): Promise<GroupView> {
  const policy = completePolicy(body);
  refuseUnlessInBounds(policy);
  const now = system.clock.now();
  const group: Group = {
    type: 'group',
    id: GROUP_DOCUMENT_ID,
    groupId: body.id ?? randomUUID(),
    name: body.name,
    description: body.description,
    status: 'NoKey',
    ...policy,
    keyCreationDate: null,
    keyExpiryDate: null,
    primaryKey: null,
    secondaryKey: null,
    renewal: null,
    issuerLease: null,
    passwordStale: false,
    passwordRevision: 0,
    passwordChangedDate: null,
    passwordChangedBy: null,
    createdDate: now,
    nextActionOn: null,
  };
  const event = singleEvent('GroupCreated', 1, {
    groupId: group.groupId,
    occurredOn: now,
    actor: { kind: 'person', id: person.name },
    reason: `Group “${group.name}” was created.`,
  });
  try {
    await system.store.write(group.groupId, [
      { kind: 'create', document: group },
      { kind: 'create', document: event },
    ]);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
    throw new Problem('IdTaken', `A group of the id ${group.groupId} was created before.`, { cause: error });
  }
  return groupView(system, group);
}

/** Changes what the body names. @throws Problem `PolicyOutOfRange`, `GroupNotFound`, `GroupDeleted`. */
export async function updateGroup(
  system: System,
  person: Person,
  groupId: string,
  body: z.output<typeof updateGroupBody>,
): Promise<GroupView> {
  const group = await untilNoConflict(async () => {
    const { document: before, version } = await readGroup(system, groupId);
    const changed = changedFields(before, body);
    // Before anything is reckoned with them: a date so far away cannot be written.
    refuseUnlessInBounds({ ...before, ...changed });
    const after = scheduled({ ...before, ...changed });
    const names = Object.keys(changed);
    if (names.length === 0) return before;
    const event = singleEvent('GroupChanged', randomUUID(), {
      groupId,
      occurredOn: system.clock.now(),
      actor: { kind: 'person', id: person.name },
      reason: describeChange(before, after, names),
    });
    await system.store.write(groupId, [
      { kind: 'replace', document: after, version },
      { kind: 'create', document: event },
    ]);
    return after;
  });
  return groupView(system, group);
}

function changedFields(group: Group, body: z.output<typeof updateGroupBody>): Partial<Group> {
  const entries = Object.entries(body).filter(
    ([field, value]) => value !== undefined && group[field as keyof typeof body] !== value,
  );
  return Object.fromEntries(entries);
}

function describeChange(before: Group, after: Group, names: string[]): string {
  return names
    .map(
      (name) =>
        `${name}: ${JSON.stringify(before[name as keyof Group])} → ${JSON.stringify(after[name as keyof Group])}`,
    )
    .join('; ');
}

function refuseUnlessInBounds(policy: RenewalPolicy): void {
  const violations = policyViolations(policy);
  if (violations.length === 0) return;
  const errors = violations.map(({ field, value, minimum, maximum }) => ({
    pointer: `/${field}`,
    detail: `${field} must be ${minimum} to ${maximum} minutes, not ${value}.`,
    minimum,
    maximum,
  }));
  throw new Problem('PolicyOutOfRange', errors.map(({ detail }) => detail).join(' '), { errors });
}

/**
 * Marks the group as deleted, in one write: from then on its keys are refused everywhere. A job cleans up behind it.
 */
export async function deleteGroup(system: System, person: Person, groupId: string): Promise<void> {
  await untilNoConflict(async () => {
    const { document: group, version } = await readGroup(system, groupId);
    const now = system.clock.now();
    const deleted = scheduled({ ...group, status: 'Deleted', renewal: null, issuerLease: null });
    await system.store.write(groupId, [
      { kind: 'replace', document: deleted, version },
      {
        kind: 'create',
        document: singleEvent('GroupDeleted', 1, {
          groupId,
          occurredOn: now,
          actor: { kind: 'person', id: person.name },
          reason: `Group “${group.name}” was deleted; its keys are not valid any more.`,
        }),
      },
      { kind: 'create', document: newJob('deleteGroup', groupId, 'deleted', now) },
    ]);
  });
}

export async function getGroup(system: System, groupId: string): Promise<GroupView> {
  const { document } = await currentGroup(system, groupId);
  return groupView(system, document);
}

export async function listGroups(
  system: System,
  query: z.output<typeof listGroupsQuery>,
): Promise<{ items: GroupView[]; cursor: string | null }> {
  const condition: Condition = query.status
    ? { field: 'status', is: '=', value: query.status }
    : { field: 'status', is: '!=', value: 'Deleted' };
  const page = await system.store.query<Group>({
    type: 'group',
    where: [condition],
    limit: query.limit,
    cursor: query.cursor ?? null,
  });
  const items = await Promise.all(page.items.map(({ document }) => groupView(system, document)));
  return { items, cursor: page.cursor };
}

/** The group as people see it, its machines counted as they are stored. */
export async function groupView(system: System, group: Group): Promise<GroupView> {
  if (group.status === 'Deleted') throw new Error('a deleted group is not shown');
  const counts = await system.store.countBy(group.groupId, 'machine', 'keyDeliveryStatus');
  const [Default = 0, PendingNewKey = 0, KeyExpired = 0] = KEY_DELIVERY_STATUSES.map((each) =>
    counts.get(each),
  );
  const { renewal } = group;
  return {
    id: group.groupId,
    name: group.name,
    description: group.description,
    status: group.status,
    groupKeyValidityPeriod: group.groupKeyValidityPeriod,
    groupKeyExpiryGracePeriod: group.groupKeyExpiryGracePeriod,
    keyCreationDate: group.keyCreationDate,
    keyExpiryDate: group.keyExpiryDate,
    nextRenewalDate: group.status === 'KeyExpired' ? null : nextRenewalDate(group),
    renewal: renewal && {
      version: renewal.version,
      reason: renewal.reason,
      startsOn: renewal.startsOn,
      endsOn: renewal.endsOn,
      keyIssuedOn: renewal.keyIssuedOn,
      issuedByMachineId: renewal.issuedByMachineId,
      // Until a key has been issued all are pending, whether or not that has been written down for each.
      machinesPending: renewal.keyIssuedOn === null ? Default + PendingNewKey + KeyExpired : PendingNewKey,
      machinesDelivered: renewal.keyIssuedOn === null ? 0 : Default,
    },
    primaryKey: group.primaryKey,
    secondaryKey: group.secondaryKey,
    passwordStale: group.passwordStale,
    passwordChangedDate: group.passwordChangedDate,
    passwordChangedBy: group.passwordChangedBy,
    machineCount: Default + PendingNewKey + KeyExpired,
    machinesByStatus: { Default, PendingNewKey, KeyExpired },
    createdDate: group.createdDate,
  };
}
