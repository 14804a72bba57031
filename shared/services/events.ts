// The audit trail, for people; and the notifications that it calls for.
import type { z } from 'zod';
import type { EventView, listEventsQuery } from '../api/event.ts';
import { Problem } from '../api/problem.ts';
import { GROUP_DOCUMENT_ID } from '../domain/group.ts';
import type { FleetEvent } from '../domain/event.ts';
import { notificationOf } from '../domain/notification.ts';
import type { Notification } from '../domain/notification.ts';
import { BATCH_OPERATIONS_MAX, WriteConflict } from '../ports/document-store.ts';
import type { System } from './system.ts';
import { requireTime } from './waits.ts';
import type { MayGoOn } from './waits.ts';

/** Newest first, of one group (a deleted one too) or of all when `groupId` is null. */
export async function listEvents(
  system: System,
  groupId: string | null,
  query: z.output<typeof listEventsQuery>,
): Promise<{ items: EventView[]; cursor: string | null }> {
  if (groupId !== null && (await system.store.read(groupId, GROUP_DOCUMENT_ID)) === null) {
    throw new Problem('GroupNotFound', `There is no group ${groupId}.`);
  }
  const page = await system.store.query<FleetEvent>({
    type: 'event',
    ...(groupId !== null && { groupId }),
    ...(query.machineId && { where: [{ field: 'machineId', is: '=', value: query.machineId }] }),
    orderBy: 'newest',
    limit: query.limit,
    cursor: query.cursor ?? null,
  });
  return {
    items: page.items.map(({ document }) => eventView(document)),
    cursor: page.cursor,
  };
}

function eventView({ type: _type, traceParent, ...event }: FleetEvent): EventView {
  // The second field of a W3C `traceparent`.
  return { ...event, traceId: traceParent?.split('-')[1] ?? null };
}

/**
 * Records the notifications that a group's events call for, a batch of them at a time. Seen again, an event changes nothing.
 */
export async function recordNotifications(
  system: System,
  groupId: string,
  events: readonly FleetEvent[],
  mayGoOn: MayGoOn,
): Promise<void> {
  const notifications = events.map(notificationOf).filter((each) => each !== null);
  for (let start = 0; start < notifications.length; start += BATCH_OPERATIONS_MAX) {
    await record(system, groupId, notifications.slice(start, start + BATCH_OPERATIONS_MAX), mayGoOn);
  }
}

/**
 * The same, of events by their ids. They are never deleted.
 * @throws Error for one that is not found: it was written so recently that this instance does not see it yet.
 */
export async function recordNotificationsOf(
  system: System,
  groupId: string,
  ids: readonly string[],
  mayGoOn: MayGoOn,
): Promise<void> {
  const events = [];
  for (const id of ids) {
    requireTime(mayGoOn);
    const stored = await system.store.read<FleetEvent>(groupId, id);
    if (stored === null) throw new Error(`${id} of group ${groupId} is not to be seen yet`);
    events.push(stored.document);
  }
  await recordNotifications(system, groupId, events, mayGoOn);
}

async function record(
  system: System,
  groupId: string,
  notifications: readonly Notification[],
  mayGoOn: MayGoOn,
): Promise<void> {
  requireTime(mayGoOn);
  try {
    const creations = notifications.map((document) => ({ kind: 'create', document }) as const);
    await system.store.write(groupId, creations);
  } catch (error) {
    if (!(error instanceof WriteConflict && error.reason === 'exists')) throw error;
    // Nothing of the batch was written: whatever is not there yet is written by itself.
    if (notifications.length > 1)
      for (const each of notifications) await record(system, groupId, [each], mayGoOn);
  }
}
