// Who follows the fleet's changes: each has a place of its own in the feed, and changes of its own that are put off.
import type { FleetEvent } from '../domain/event.ts';
import type { FleetMetrics } from '../domain/fleet-metrics.ts';
import type { FleetDocument } from '../ports/document-store.ts';
import { recordNotifications } from './events.ts';
import { recordPulse } from './feed-pulse.ts';
import { carryOnJobs } from './jobs.ts';
import type { System } from './system.ts';

export interface Consumer {
  /** Only these documents are handed to it. Looks at their type alone: what is no whole document is put off by itself. */
  readonly concerns: (document: FleetDocument) => boolean;
  /** They are never deleted: one that is not found was written so recently that this instance does not see it yet. */
  readonly areKept: boolean;
  /** Handles documents of one group. It sees them again, and older ones after newer ones, so it must not mind. */
  readonly handle: (system: System, groupId: string, documents: readonly FleetDocument[]) => Promise<void>;
}

export const CONSUMERS = {
  /** Jobs are carried on, piece by piece, as each piece writes down how far it came. */
  'fleet-changes': following('fleet-changes', {
    concerns: ({ type }) => type === 'job',
    areKept: false,
    handle: carryOnJobs,
  }),
  /** Events become notifications: exactly one a machine, renewal and status. */
  'event-notifications': following('event-notifications', {
    concerns: isEvent,
    areKept: true,
    handle: (system, groupId, documents) => recordNotifications(system, groupId, documents.filter(isEvent)),
  }),
} as const satisfies Readonly<Record<string, Consumer>>;

export type ConsumerName = keyof typeof CONSUMERS;

export const CONSUMER_NAMES = Object.keys(CONSUMERS) as ConsumerName[];

/** The consumer, noting besides that the feed has reached it: the fleet's metrics come by in a partition of their own. */
function following(name: string, consumer: Consumer): Consumer {
  return {
    ...consumer,
    concerns: (document) => isFleetMetrics(document) || consumer.concerns(document),
    async handle(system, groupId, documents) {
      const metrics = documents.find(isFleetMetrics);
      if (metrics === undefined) await consumer.handle(system, groupId, documents);
      else await recordPulse(system, name, metrics);
    },
  };
}

/** The `traceparent`s of the calls that left these changes behind for the consumer. */
export function causesOf(consumer: ConsumerName, documents: readonly FleetDocument[]): string[] {
  const { concerns } = CONSUMERS[consumer];
  const caused: readonly (FleetDocument & { readonly traceParent?: string })[] = documents.filter(concerns);
  return caused.flatMap(({ traceParent }) => traceParent ?? []);
}

function isFleetMetrics(document: FleetDocument): document is FleetMetrics {
  return document.type === 'fleetMetrics';
}

function isEvent(document: FleetDocument): document is FleetEvent {
  return document.type === 'event';
}
