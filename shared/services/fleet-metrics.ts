// The whole fleet in figures: taken by a timer, read by whoever watches. Taking them is two counts over an index, and a look at
// groups that goes as far as whoever takes them allows: where that was not far enough, the figures say that they are not complete.
import { ageGauge, fleetGauges } from '../domain/fleet-gauges.ts';
import type { FleetGauge } from '../domain/fleet-gauges.ts';
import {
  FLEET_METRICS_ID,
  feedProgress,
  feedPulseId,
  SERVICE_PARTITION,
  SHOWN_GROUP_STATUSES,
} from '../domain/fleet-metrics.ts';
import type { FeedProgress, FeedPulse, FleetMetrics } from '../domain/fleet-metrics.ts';
import type { Instant } from '../domain/instant.ts';
import { KEY_DELIVERY_STATUSES } from '../domain/machine.ts';
import type { Stored } from '../ports/document-store.ts';
import { WriteConflict } from '../ports/document-store.ts';
import { nearestExpiry, openWindows } from './fleet-groups.ts';
import type { Budget } from './fleet-groups.ts';
import { healthChecks, scanLagSeconds } from './health.ts';
import type { System } from './system.ts';

/** By the figures that were taken last: however many ask, each asks for one point read. Where none ever were, a first look at the fleet has to do. */
export async function presentGauges(system: System): Promise<readonly FleetGauge[]> {
  const last = await readFleetMetrics(system);
  const metrics = last?.document ?? (await takeFleetMetrics(system, () => false));
  return [...gaugesOf(system, metrics), ageGauge(metrics, system.clock.now())];
}

export function gaugesOf({ settings, clock }: System, metrics: FleetMetrics): readonly FleetGauge[] {
  return fleetGauges(metrics, settings.version, clock.now());
}

function readFleetMetrics(system: System): Promise<Stored<FleetMetrics> | null> {
  return system.store.read<FleetMetrics>(SERVICE_PARTITION, FLEET_METRICS_ID);
}

/**
 * Takes them and writes them down. When another instance does so at the same time, either's are good.
 * @param mayGoOn is asked between pages of groups and between counts; what is left is left out, and the figures say so.
 */
export async function takeFleetMetrics(system: System, mayGoOn: () => boolean): Promise<FleetMetrics> {
  const before = await readFleetMetrics(system);
  const document = await gather(system, before?.document ?? null, { mayGoOn, isSpent: false });
  try {
    await system.store.write(SERVICE_PARTITION, [
      before === null ? { kind: 'create', document } : { kind: 'replace', document, version: before.version },
    ]);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
  }
  return document;
}

async function gather(system: System, before: FleetMetrics | null, budget: Budget): Promise<FleetMetrics> {
  const now = system.clock.now();
  const groups = await system.store.countBy(null, 'group', 'status');
  const machines = await system.store.countBy(null, 'machine', 'keyDeliveryStatus');
  const windows = await openWindows(system, now, budget);
  const nearestExpiryDate = await nearestExpiry(system, windows.nearestExpiryDate, budget);
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
    complete: !budget.isSpent,
    nearestExpiryDate,
    windowsOpen: groups.get('Renewing') ?? 0,
    windowsEndingSoon: windows.endingSoon,
    windowsKeyOverdue: windows.keyOverdue,
    machinesPending: machines.get('PendingNewKey') ?? 0,
    machinesAtRisk: windows.machinesAtRisk,
    scanLagSeconds: await scanLagSeconds(system),
    putOff: await unlessSilent(() => system.queue.waiting()),
    deadLetters: await unlessSilent(() => system.queue.deadLetters()),
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
async function unlessSilent(count: () => Promise<number>): Promise<number | null> {
  try {
    return await count();
  } catch {
    return null;
  }
}
