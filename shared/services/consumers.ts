// Who follows the fleet's changes: each has a place of its own in the feed, and changes of its own that are put off.
import type { FleetEvent } from '../domain/event.ts';
import { notificationOf } from '../domain/notification.ts';
import type { FleetDocument } from '../ports/document-store.ts';
import { recordNotifications } from './events.ts';
import { carryOnJobs } from './jobs.ts';
import type { System } from './system.ts';

export interface Consumer {
  /** Only these documents are handed to it. */
  readonly concerns: (document: FleetDocument) => boolean;
  /** Handles documents of one group. It sees them again, and older ones after newer ones, so it must not mind. */
  readonly handle: (system: System, groupId: string, documents: readonly FleetDocument[]) => Promise<void>;
}

export const CONSUMERS = {
  /** Jobs are carried on, piece by piece, as each piece writes down how far it came. */
  'fleet-changes': {
    concerns: ({ type }) => type === 'job',
    handle: carryOnJobs,
  },
  /** Events become notifications: exactly one a machine, renewal and status. */
  'event-notifications': {
    concerns: (document) => isEvent(document) && notificationOf(document) !== null,
    handle: (system, groupId, documents) => recordNotifications(system, groupId, documents.filter(isEvent)),
  },
} as const satisfies Readonly<Record<string, Consumer>>;

export type ConsumerName = keyof typeof CONSUMERS;

export const CONSUMER_NAMES = Object.keys(CONSUMERS) as ConsumerName[];

function isEvent(document: FleetDocument): document is FleetEvent {
  return document.type === 'event';
}
