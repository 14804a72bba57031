// Who follows the fleet's changes: each has a place of its own in the feed, and changes of its own that are put off.
import type { FleetEvent } from '../domain/event.ts';
import { FLEET_METRICS_ID } from '../domain/fleet-metrics.ts';
import type { FleetMetrics } from '../domain/fleet-metrics.ts';
import type { Job } from '../domain/job.ts';
import type { FleetDocument } from '../ports/document-store.ts';
import { recordNotifications, recordNotificationsOf } from './events.ts';
import { recordPulse } from './feed-pulse.ts';
import { carryOnJobs, carryOnShownJobs } from './jobs.ts';
import type { System } from './system.ts';
import type { MayGoOn } from './waits.ts';

export interface Consumer {
  /** Only these documents are handed to it. Looks at their type alone: what is no whole document is put off by itself. */
  readonly concerns: (document: FleetDocument) => boolean;
  /** Handles documents of one group. It sees them again, and older ones after newer ones, so it must not mind. */
  readonly handle: (
    system: System,
    groupId: string,
    documents: readonly FleetDocument[],
    mayGoOn: MayGoOn,
  ) => Promise<void>;
  /** Handles those that were put off, as they are now. */
  readonly retry: (
    system: System,
    groupId: string,
    ids: readonly string[],
    mayGoOn: MayGoOn,
  ) => Promise<void>;
}

export const CONSUMERS = {
  /** Jobs are carried on, piece by piece, as each piece writes down how far it came. */
  'fleet-changes': following('fleet-changes', {
    concerns: isJob,
    handle: (system, groupId, documents, mayGoOn) =>
      carryOnShownJobs(system, groupId, documents.filter(isJob), mayGoOn),
    retry: carryOnJobs,
  }),
  /** Events become notifications: exactly one a machine, renewal and status. */
  'event-notifications': following('event-notifications', {
    concerns: isEvent,
    handle: (system, groupId, documents, mayGoOn) =>
      recordNotifications(system, groupId, documents.filter(isEvent), mayGoOn),
    retry: recordNotificationsOf,
  }),
} as const satisfies Readonly<Record<string, Consumer>>;

export type ConsumerName = keyof typeof CONSUMERS;

export const CONSUMER_NAMES = Object.keys(CONSUMERS) as ConsumerName[];

/** The consumer, noting besides that the feed has reached it: the fleet's metrics come by in a partition of their own. */
function following(name: string, consumer: Consumer): Consumer {
  return {
    ...consumer,
    concerns: (document) => isFleetMetrics(document) || consumer.concerns(document),
    async handle(system, groupId, documents, mayGoOn) {
      const metrics = documents.find(isFleetMetrics);
      if (metrics === undefined) await consumer.handle(system, groupId, documents, mayGoOn);
      else await recordPulse(system, name, metrics);
    },
    async retry(system, groupId, ids, mayGoOn) {
      if (!ids.includes(FLEET_METRICS_ID)) return consumer.retry(system, groupId, ids, mayGoOn);
      const metrics = await system.store.read<FleetMetrics>(groupId, FLEET_METRICS_ID);
      if (metrics !== null) await recordPulse(system, name, metrics.document);
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

function isJob(document: FleetDocument): document is Job {
  return document.type === 'job';
}

function isEvent(document: FleetDocument): document is FleetEvent {
  return document.type === 'event';
}
