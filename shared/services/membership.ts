// A machine that has proved to hold a version of the group key: joined if it was joining, and with the status that follows.
import { singleEvent } from '../domain/event.ts';
import type { Group } from '../domain/group.ts';
import type { Instant } from '../domain/instant.ts';
import { expectedKeyDeliveryStatus } from '../domain/key-delivery-status.ts';
import type { Machine } from '../domain/machine.ts';
import type { Stored, WriteOperation } from '../ports/document-store.ts';
import { statusChange } from './status-changes.ts';

/** What is written for it, with its events: two to three operations. `group` is as it is once they are applied. */
export function provedMachine(
  stored: Stored<Machine>,
  group: Group,
  version: number,
  now: Instant,
): WriteOperation[] {
  const before = stored.document;
  const after: Machine = {
    ...before,
    membership: 'member',
    keyVersion: version,
    keyReceivedDate: now,
    lastHeartbeatDate: now,
    registeredDate: before.registeredDate ?? now,
    keyDeliveryStatus: expectedKeyDeliveryStatus({ keyVersion: version }, group, now),
    challenge: null,
  };
  const actor = { kind: 'machine', id: after.id } as const;
  const operations: WriteOperation[] = [
    { kind: 'replace', document: after, version: stored.version },
    ...statusChange(before, after, group, actor, now),
  ];
  if (before.membership === 'joining') {
    const event = singleEvent('MachineJoined', 1, {
      groupId: group.groupId,
      occurredOn: now,
      actor,
      machine: after,
      reason: `It proved that it holds version ${version}.`,
    });
    operations.push({ kind: 'create', document: event });
  }
  return operations;
}
