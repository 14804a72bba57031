// Notifications: what people are told about a machine. Exactly one a machine, renewal and status: the id is the
// event's, so that an event seen twice makes one notification.
import type { FleetEvent } from './event.ts';
import type { Instant } from './instant.ts';
import type { KeyDeliveryStatus } from './machine.ts';

export interface Notification {
  readonly type: 'notification';
  readonly id: string;
  readonly groupId: string;
  readonly eventId: string;
  readonly machineId: string;
  readonly machineName: string;
  readonly renewal: number;
  readonly keyDeliveryStatus: KeyDeliveryStatus;
  readonly previousKeyDeliveryStatus: KeyDeliveryStatus | null;
  readonly reason: string;
  readonly occurredOn: Instant;
  /** The event's. */
  readonly traceParent?: string;
}

/** The notification that an event calls for; null when it calls for none. */
export function notificationOf(event: FleetEvent): Notification | null {
  const { keyDeliveryStatus: change, machineId, machineName, renewal } = event;
  if (change === null || machineId === null || machineName === null || renewal === null) return null;
  return {
    type: 'notification',
    id: event.id.replace(/^event:/, 'notification:'),
    groupId: event.groupId,
    eventId: event.id,
    machineId,
    machineName,
    renewal,
    keyDeliveryStatus: change.to,
    previousKeyDeliveryStatus: change.from,
    reason: event.reason,
    occurredOn: event.occurredOn,
    ...(event.traceParent !== undefined && { traceParent: event.traceParent }),
  };
}
