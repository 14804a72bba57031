// Changes of a machine's key delivery status: each is written together with its event.
import { statusEvent } from '../domain/event.ts';
import type { Actor } from '../domain/event.ts';
import type { Group } from '../domain/group.ts';
import type { Instant } from '../domain/instant.ts';
import { renewalOf } from '../domain/key-delivery-status.ts';
import type { KeyDeliveryStatus, Machine } from '../domain/machine.ts';
import type { WriteOperation } from '../ports/document-store.ts';

/** The event to write with a member that goes from one status to another; nothing when it stays. */
export function statusChange(
  before: Machine,
  after: Machine,
  group: Group,
  actor: Actor,
  now: Instant,
): WriteOperation[] {
  const { keyDeliveryStatus: status } = after;
  if (status === null || before.keyDeliveryStatus === status) return [];
  const facts = {
    groupId: group.groupId,
    occurredOn: now,
    actor,
    renewal: renewalOf(group, now),
    machine: after,
    reason: statusReason(status, group),
  };
  return [{ kind: 'create', document: statusEvent(facts, before.keyDeliveryStatus, status) }];
}

function statusReason(status: KeyDeliveryStatus, group: Group): string {
  switch (status) {
    case 'Default':
      return `It proved that it holds version ${group.primaryKey?.version}.`;
    case 'PendingNewKey':
      return `The window for version ${group.renewal?.version} is open until ${group.renewal?.endsOn}.`;
    case 'KeyExpired':
      return group.status === 'KeyExpired'
        ? 'The whole group’s key has expired.'
        : `It did not get version ${group.primaryKey?.version} before the window ended.`;
  }
}
