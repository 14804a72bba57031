// Events of changes of status, without the machines that they are about, and who was notified of them.
import { randomUUID } from 'node:crypto';
import { SERVICE_ACTOR, statusEvent } from '../../shared/domain/event.ts';
import type { FleetEvent } from '../../shared/domain/event.ts';
import type { Notification } from '../../shared/domain/notification.ts';
import type { WriteOperation } from '../../shared/ports/document-store.ts';
import type { PortCall } from './hooked-ports.ts';
import type { RunningService } from './running-service.ts';
import { START } from './running-service.ts';

export function ids(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}

/** One event of each machine, of a new group unless it is said which, all written at once. */
export async function newEvents(
  { system }: Pick<RunningService, 'system'>,
  machineIds: readonly string[],
  groupId: string = randomUUID(),
): Promise<FleetEvent[]> {
  const common = { groupId, occurredOn: START, actor: SERVICE_ACTOR, reason: 'By the test.', renewal: 2 };
  const events = machineIds.map((id) =>
    statusEvent({ ...common, machine: { id, name: `bot-${id.slice(0, 4)}` } }, 'Default', 'PendingNewKey'),
  );
  await system.store.write(
    groupId,
    events.map((document) => ({ kind: 'create', document })),
  );
  return events;
}

/** The machines that a group's notifications are about, each as often as it was notified of. */
export async function notifiedOf(
  { system }: Pick<RunningService, 'system'>,
  groupId: string,
): Promise<string[]> {
  const page = await system.store.query<Notification>({ type: 'notification', groupId, limit: 1000 });
  return page.items.map(({ document }) => document.machineId).toSorted();
}

/** Whether a call writes a notification, of one of these machines if any are named. */
export function isNotificationOf(call: PortCall, ...machineIds: readonly string[]): boolean {
  return call.kind === 'store.write' && call.operations.some((each) => isOf(each, machineIds));
}

function isOf(operation: WriteOperation, machineIds: readonly string[]): boolean {
  if (operation.kind !== 'create' || operation.document.type !== 'notification') return false;
  const { machineId } = operation.document as Notification;
  return machineIds.length === 0 || machineIds.includes(machineId);
}
