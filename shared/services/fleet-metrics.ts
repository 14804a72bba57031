// The whole fleet in figures: taken by a timer, read by whoever watches. However large the fleet, taking them is two counts over
// an index, a page for every thousand open windows, a count for each window that ends soon, and a page or two of groups besides.
import { fleetGauges } from '../domain/fleet-gauges.ts';
import type { FleetGauge } from '../domain/fleet-gauges.ts';
import {
  FLEET_METRICS_ID,
  feedProgress,
  feedPulseId,
  isKeyOverdue,
  isWindowEndingSoon,
  SERVICE_PARTITION,
  SHOWN_GROUP_STATUSES,
} from '../domain/fleet-metrics.ts';
import type { FeedProgress, FeedPulse, FleetMetrics } from '../domain/fleet-metrics.ts';
import type { Group } from '../domain/group.ts';
import { addMinutes, earliest } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import { KEY_DELIVERY_STATUSES } from '../domain/machine.ts';
import { GRACE_MINUTES_MIN } from '../domain/policy.ts';
import type { Page, Query, Stored } from '../ports/document-store.ts';
import { WriteConflict } from '../ports/document-store.ts';
import { healthChecks, scanLagSeconds } from './health.ts';
import type { System } from './system.ts';

const PAGE = 1000;

/** By the figures that were taken last: however many ask, each asks for one point read. Where none ever were, they are taken now. */
export async function presentGauges(system: System): Promise<readonly FleetGauge[]> {
  const last = await readFleetMetrics(system);
  return gaugesOf(system, last?.document ?? (await takeFleetMetrics(system)));
}

export function gaugesOf({ settings, clock }: System, metrics: FleetMetrics): readonly FleetGauge[] {
  return fleetGauges(metrics, settings.version, clock.now());
}

function readFleetMetrics(system: System): Promise<Stored<FleetMetrics> | null> {
  return system.store.read<FleetMetrics>(SERVICE_PARTITION, FLEET_METRICS_ID);
}

/** Takes them and writes them down. When another instance does so at the same time, either's are good. */
export async function takeFleetMetrics(system: System): Promise<FleetMetrics> {
  const before = await readFleetMetrics(system);
  const document = await gather(system, before?.document ?? null);
  try {
    await system.store.write(SERVICE_PARTITION, [
      before === null ? { kind: 'create', document } : { kind: 'replace', document, version: before.version },
    ]);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
  }
  return document;
}

async function gather(system: System, before: FleetMetrics | null): Promise<FleetMetrics> {
  const now = system.clock.now();
  const groups = await system.store.countBy(null, 'group', 'status');
  const machines = await system.store.countBy(null, 'machine', 'keyDeliveryStatus');
  const windows = await openWindows(system, now);
  const feed = await Promise.all(
    system.settings.feedConsumers.map((consumer) => progressOf(system, consumer, before, now)),
  );
  const checks = await healthChecks(system, feed);
  return {
    type: 'fleetMetrics',
    id: FLEET_METRICS_ID,
    groupId: SERVICE_PARTITION,
    takenOn: now,
    groups: completed(SHOWN_GROUP_STATUSES, groups),
    machines: completed(KEY_DELIVERY_STATUSES, machines),
    nearestExpiryDate: await nearestExpiry(system, windows.nearestExpiryDate),
    windowsOpen: windows.open,
    windowsEndingSoon: windows.endingSoon,
    windowsKeyOverdue: windows.keyOverdue,
    machinesPending: machines.get('PendingNewKey') ?? 0,
    machinesAtRisk: windows.machinesAtRisk,
    scanLagSeconds: await scanLagSeconds(system),
    deadLetters: await deadLetters(system),
    feed,
    health: Object.fromEntries(checks.map(({ name, status }) => [name, status === 'ok'])),
  };
}

function completed<K extends string>(
  keys: readonly K[],
  counts: ReadonlyMap<string, number>,
): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, counts.get(key) ?? 0])) as Record<K, number>;
}

interface OpenWindows {
  open: number;
  endingSoon: number;
  keyOverdue: number;
  machinesAtRisk: number;
  nearestExpiryDate: Instant | null;
}

async function openWindows(system: System, now: Instant): Promise<OpenWindows> {
  const found: OpenWindows = {
    open: 0,
    endingSoon: 0,
    keyOverdue: 0,
    machinesAtRisk: 0,
    nearestExpiryDate: null,
  };
  for await (const group of groupsWith(system, 'Renewing', {})) {
    found.open++;
    if (isKeyOverdue(group, now)) found.keyOverdue++;
    found.nearestExpiryDate = sooner(found.nearestExpiryDate, group.keyExpiryDate);
    if (!isWindowEndingSoon(group, now)) continue;
    found.endingSoon++;
    const ofGroup = await system.store.countBy(group.groupId, 'machine', 'keyDeliveryStatus');
    found.machinesAtRisk += ofGroup.get('PendingNewKey') ?? 0;
  }
  return found;
}

/**
 * The soonest expiry of all: of the groups whose window is open, as given, and of the others. These come in the order in which
 * their windows open, which is the shortest grace period before their expiry or more: few of them need to be looked at.
 */
async function nearestExpiry(system: System, ofWindows: Instant | null): Promise<Instant | null> {
  let nearest = ofWindows;
  for await (const group of groupsWith(system, 'Active', { orderBy: 'nextActionOn' })) {
    const { nextActionOn, keyExpiryDate } = group;
    if (nearest !== null && nextActionOn !== null && addMinutes(nextActionOn, GRACE_MINUTES_MIN) >= nearest)
      break;
    nearest = sooner(nearest, keyExpiryDate);
  }
  return nearest;
}

function sooner(one: Instant | null, other: Instant | null): Instant | null {
  if (one === null || other === null) return one ?? other;
  return earliest(one, other);
}

async function* groupsWith(
  system: System,
  status: Group['status'],
  order: Pick<Query, 'orderBy'>,
): AsyncGenerator<Group> {
  let cursor: string | null = null;
  do {
    const page: Page<Group> = await system.store.query<Group>({
      type: 'group',
      where: [{ field: 'status', is: '=', value: status }],
      ...order,
      limit: PAGE,
      cursor,
    });
    for (const { document } of page.items) yield document;
    cursor = page.cursor;
  } while (cursor !== null);
}

async function progressOf(
  system: System,
  consumer: string,
  before: FleetMetrics | null,
  now: Instant,
): Promise<FeedProgress> {
  const pulse = await system.store.read<FeedPulse>(SERVICE_PARTITION, feedPulseId(consumer));
  const known = before?.feed.find((each) => each.consumer === consumer);
  const since = before && { takenOn: before.takenOn, behindSince: known?.behindSince ?? null };
  return feedProgress(consumer, since, pulse?.document ?? null, now);
}

/** The other figures are worth having while the queue does not answer, for whatever reason: health says that it does not. */
async function deadLetters({ queue }: System): Promise<number | null> {
  try {
    return await queue.deadLetters();
  } catch {
    return null;
  }
}
