// The audit trail, for people; and the notifications that it calls for.
import type { z } from 'zod';
import type { EventView, listEventsQuery } from '../api/event.ts';
import { Problem } from '../api/problem.ts';
import { GROUP_DOCUMENT_ID } from '../domain/group.ts';
import type { FleetEvent } from '../domain/event.ts';
import { notificationOf } from '../domain/notification.ts';
import { WriteConflict } from '../ports/document-store.ts';
import type { System } from './system.ts';

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
    items: page.items.map(({ document: { type: _type, ...event } }) => event),
    cursor: page.cursor,
  };
}

/** Records the notification that an event calls for. Seen again, the event changes nothing. */
export async function recordNotification(system: System, event: FleetEvent): Promise<void> {
  const notification = notificationOf(event);
  if (notification === null) return;
  try {
    await system.store.write(event.groupId, [{ kind: 'create', document: notification }]);
  } catch (error) {
    if (!(error instanceof WriteConflict && error.reason === 'exists')) throw error;
  }
}
