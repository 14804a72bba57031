// Watches statuses, their events and notifications; with the rule of status written down a second time, in words of its
// own, so that the product is not measured by itself.
import type { FleetEvent } from '../../shared/domain/event.ts';
import type { Group } from '../../shared/domain/group.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { KeyDeliveryStatus, Machine } from '../../shared/domain/machine.ts';
import type { Notification } from '../../shared/domain/notification.ts';
import type { CommitListener, DocumentChange, SessionStore } from './session-store.ts';
import type { Violate } from './violations.ts';

export interface StatusWatch {
  readonly onCommit: CommitListener;
  /** Every event of a status has its notification. For when the feed has come to rest. */
  checkNotifications(): void;
  /** Members of the group whose stored status is not what it must be, if the group's own is. */
  checkStatuses(group: Group, now: Instant): void;
  readonly counts: Map<KeyDeliveryStatus, number>;
}

export function requiredStatus(machine: Machine, group: Group, now: Instant): KeyDeliveryStatus {
  const { primaryKey, renewal } = group;
  if (primaryKey === null) throw new Error('a group with members has a key');
  if (group.status === 'KeyExpired' || now >= primaryKey.notAfter) return 'KeyExpired';
  if (group.status === 'Renewing' && renewal !== null) {
    const end = renewal.keyIssuedOn === null ? primaryKey.notAfter : renewal.endsOn;
    if (now < end && machine.keyVersion !== renewal.version) return 'PendingNewKey';
  }
  return machine.keyVersion === primaryKey.version ? 'Default' : 'KeyExpired';
}

export function watchStatuses(store: () => SessionStore, violate: Violate): StatusWatch {
  const lastEvent = new Map<string, FleetEvent>();
  const events = new Map<string, FleetEvent>();
  const notified = new Set<string>();
  const counts = new Map<KeyDeliveryStatus, number>();

  function onCommit(_: string, changes: readonly DocumentChange[]): void {
    const told = new Map<string, FleetEvent[]>();
    for (const { before, after } of changes) {
      if (after?.type === 'event') {
        const event = after as FleetEvent;
        if (before !== null) violate('change-without-event', `${event.id} was written over`);
        if (event.keyDeliveryStatus)
          told.set(String(event.machineId), [...(told.get(String(event.machineId)) ?? []), event]);
      }
      if (after?.type === 'notification') onNotification(before, after as Notification);
    }
    for (const change of changes) {
      if ((change.after ?? change.before)?.type === 'machine') onMachine(change, told);
    }
    for (const [event] of told.values()) {
      if (event) violate('change-without-event', `${event.id} was written without a change of status`);
    }
  }

  function onMachine(change: DocumentChange, told: Map<string, FleetEvent[]>): void {
    const before = change.before as Machine | null;
    const after = change.after as Machine | null;
    const [from, to] = [before?.keyDeliveryStatus ?? null, after?.keyDeliveryStatus ?? null];
    const events = told.get(change.id) ?? [];
    told.delete(change.id);
    if (from === to || to === null) {
      if (events.length > 0) violate('change-without-event', `${events[0]?.id} tells of no change`);
      return;
    }
    const [event] = events;
    if (event === undefined || events.length > 1) {
      violate('change-without-event', `${change.id} went from ${from} to ${to} with ${events.length} events`);
      return;
    }
    if (event.keyDeliveryStatus?.from !== from || event.keyDeliveryStatus.to !== to) {
      violate('change-without-event', `${event.id} tells of another change than ${from} to ${to}`);
    }
    onEvent(event, after);
  }

  function onEvent(event: FleetEvent, machine: Machine | null): void {
    counts.set(
      event.keyDeliveryStatus?.to ?? 'Default',
      (counts.get(event.keyDeliveryStatus?.to ?? 'Default') ?? 0) + 1,
    );
    events.set(event.id, event);
    const subject = `${event.groupId}/${event.machineId}`;
    const last = lastEvent.get(subject);
    if (last !== undefined && event.id <= last.id) {
      violate('events-out-of-order', `${event.id} comes after ${last.id}`);
    }
    if (last !== undefined && last.keyDeliveryStatus?.to !== event.keyDeliveryStatus?.from) {
      violate('events-out-of-order', `${event.id} does not go on where ${last.id} ended`);
    }
    lastEvent.set(subject, event);
    if (event.keyDeliveryStatus?.to === 'KeyExpired' && (machine?.keyVersion ?? 0) >= (event.renewal ?? 0)) {
      violate('served-expired', `${event.id}: the machine proved version ${machine?.keyVersion}`);
    }
    const later = (event.renewal ?? 0) - (last?.renewal ?? event.renewal ?? 0);
    if (later > 1 || (later === 1 && last?.keyDeliveryStatus?.to === 'PendingNewKey')) {
      violate('missed-untold', `${event.id} comes after ${last?.id}: what became of that was not told`);
    }
  }

  function onNotification(before: unknown, { eventId, id, keyDeliveryStatus }: Notification): void {
    if (before !== null || notified.has(eventId)) violate('notification-wrong', `${id} was written twice`);
    notified.add(eventId);
    const event = events.get(eventId);
    if (event?.keyDeliveryStatus?.to !== keyDeliveryStatus) {
      violate('notification-wrong', `${id} tells of no event, or of another`);
    }
  }

  return {
    onCommit,
    counts,
    checkNotifications() {
      for (const id of events.keys()) {
        if (!notified.has(id)) violate('notification-wrong', `${id} was never notified`);
      }
    },
    checkStatuses(group, now) {
      for (const machine of store().documents<Machine>('machine', group.groupId)) {
        if (machine.membership !== 'member') continue;
        const required = requiredStatus(machine, group, now);
        if (machine.keyDeliveryStatus !== required) {
          violate(
            'status-wrong',
            `${machine.name} is ${machine.keyDeliveryStatus} on ${now}, not ${required}`,
          );
        }
      }
    },
  };
}
