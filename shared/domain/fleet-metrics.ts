// The whole fleet in figures, as one document: what it holds, and what counts as at risk, overdue or nearest. It is taken now
// and then by a timer and read as often as anyone likes. Being a document, it also passes through the change feed: each of
// the feed's consumers writes down the newest that it saw, and so shows whether it still follows.
import type { Group, GroupStatus } from './group.ts';
import { addMinutes, secondsBetween } from './instant.ts';
import type { Instant } from './instant.ts';
import type { KeyDeliveryStatus } from './machine.ts';
import { windowEnd } from './window.ts';

/** Where the service keeps what is about no group. */
export const SERVICE_PARTITION = '-keyturn';
export const FLEET_METRICS_ID = 'fleet-metrics';

export const SHOWN_GROUP_STATUSES = [
  'NoKey',
  'Active',
  'Renewing',
  'KeyExpired',
] as const satisfies GroupStatus[];
export type ShownGroupStatus = (typeof SHOWN_GROUP_STATUSES)[number];

export interface FleetMetrics {
  readonly type: 'fleetMetrics';
  readonly id: typeof FLEET_METRICS_ID;
  readonly groupId: typeof SERVICE_PARTITION;
  readonly takenOn: Instant;
  readonly groups: Readonly<Record<ShownGroupStatus, number>>;
  readonly machines: Readonly<Record<KeyDeliveryStatus, number>>;
  /** False when not every group was looked at: the least urgent are not in the figures that need it. */
  readonly complete: boolean;
  /** The soonest expiry of a key that is still in use; null when there is no such key. */
  readonly nearestExpiryDate: Instant | null;
  readonly windowsOpen: number;
  readonly windowsEndingSoon: number;
  readonly windowsKeyOverdue: number;
  readonly machinesPending: number;
  readonly machinesAtRisk: number;
  /** How long what is due has waited for the scan, at most. */
  readonly scanLagSeconds: number;
  /** Messages in the work queue; null when the queue did not say. */
  readonly putOff: number | null;
  /** Null when the queue did not say. */
  readonly deadLetters: number | null;
  readonly feed: readonly FeedProgress[];
  /** Checks of the service's health, by name: whether each was well. */
  readonly health: Readonly<Record<string, boolean>>;
}

/** How far a consumer of the change feed has come. */
export interface FeedProgress {
  readonly consumer: string;
  /** Since when it is known to be behind; null when it has seen what was there to see. */
  readonly behindSince: Instant | null;
  /** While it is behind, since then; otherwise how long the newest that it saw took to reach it. */
  readonly lagSeconds: number;
}

/** The newest fleet metrics that a consumer of the change feed has seen. */
export interface FeedPulse {
  readonly type: 'feedPulse';
  readonly id: string;
  readonly groupId: typeof SERVICE_PARTITION;
  readonly consumer: string;
  readonly takenOn: Instant;
  readonly seenOn: Instant;
}

export function feedPulseId(consumer: string): string {
  return `feed-pulse:${consumer}`;
}

export const RISK_MINUTES = 14 * 1440;
const KEY_OVERDUE_MINUTES = 1440;

/** Whether the group's window is open and ends within fourteen days: whoever is pending in it then is at risk of being lost. */
export function isWindowEndingSoon(group: Group, now: Instant): boolean {
  const end = windowEnd(group);
  return end !== null && end <= addMinutes(now, RISK_MINUTES);
}

/** Whether the group's window has been open for a day and no machine has made its key: machines check in far more often. */
export function isKeyOverdue({ status, renewal }: Group, now: Instant): boolean {
  return (
    status === 'Renewing' &&
    renewal !== null &&
    renewal.keyIssuedOn === null &&
    addMinutes(renewal.startsOn, KEY_OVERDUE_MINUTES) <= now
  );
}

/**
 * @param before how far it was known to have come when metrics were taken last, on `takenOn`; null when they never were.
 * @param pulse what it wrote down last; null if it never did.
 */
export function feedProgress(
  consumer: string,
  before: { readonly takenOn: Instant; readonly behindSince: Instant | null } | null,
  pulse: FeedPulse | null,
  now: Instant,
): FeedProgress {
  if (before === null) return { consumer, behindSince: null, lagSeconds: 0 };
  if (hasSeen(pulse, before.takenOn)) {
    const lagSeconds = Math.max(0, secondsBetween(pulse.takenOn, pulse.seenOn));
    return { consumer, behindSince: null, lagSeconds };
  }
  // Only from now on: the service itself may have stood still since it took metrics last.
  const behindSince = before.behindSince ?? now;
  return { consumer, behindSince, lagSeconds: Math.max(0, secondsBetween(behindSince, now)) };
}

/** Whether a consumer with this pulse has seen the metrics that were taken on `takenOn`. */
export function hasSeen(pulse: FeedPulse | null, takenOn: Instant): pulse is FeedPulse {
  return pulse !== null && pulse.takenOn >= takenOn;
}
