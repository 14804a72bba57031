// The fleet's figures by the names under which they are watched: one list for the metrics page and for telemetry. Every status
// and every check has its sample, also when it counts nothing, so that an alert never waits for a series to appear.
import type { FleetMetrics } from './fleet-metrics.ts';
import { fromInstant, secondsBetween } from './instant.ts';
import type { Instant } from './instant.ts';

export interface FleetGauge {
  /** With dots, as in OpenTelemetry; with underscores instead on the metrics page. */
  readonly name: `keyturn.${string}`;
  readonly help: string;
  readonly samples: readonly GaugeSample[];
}

export interface GaugeSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SECONDS_PER_DAY = 86_400;

/** A figure that is not known has no sample. @param version Keyturn's own. */
export function fleetGauges(metrics: FleetMetrics, version: string, now: Instant): readonly FleetGauge[] {
  const { nearestExpiryDate, takenOn } = metrics;
  const days = nearestExpiryDate && secondsBetween(now, nearestExpiryDate) / SECONDS_PER_DAY;
  return [
    gauge('keyturn.groups', 'Machine groups by status.', by('status', metrics.groups)),
    gauge(
      'keyturn.machines',
      'Machines by key delivery status.',
      by('key_delivery_status', metrics.machines),
    ),
    gauge(
      'keyturn.nearest_expiry_days',
      'Days until the next certificate expires that is in use.',
      one(days),
    ),
    gauge('keyturn.windows_open', 'Renewal windows that are open.', one(metrics.windowsOpen)),
    gauge(
      'keyturn.windows_ending_soon',
      'Of them, those that end within 14 days.',
      one(metrics.windowsEndingSoon),
    ),
    gauge(
      'keyturn.windows_key_overdue',
      'Of them, those open for a day without a new key.',
      one(metrics.windowsKeyOverdue),
    ),
    gauge('keyturn.machines_pending', 'Machines that wait for a new key.', one(metrics.machinesPending)),
    gauge(
      'keyturn.machines_at_risk',
      'Machines pending in windows that end within 14 days.',
      one(metrics.machinesAtRisk),
    ),
    gauge(
      'keyturn.scan_lag_seconds',
      'How long what is due waits for the scan.',
      one(metrics.scanLagSeconds),
    ),
    gauge(
      'keyturn.feed_lag_seconds',
      'How far a consumer of the change feed is behind.',
      metrics.feed.map(({ consumer, lagSeconds }) => ({ labels: { consumer }, value: lagSeconds })),
    ),
    gauge('keyturn.put_off', 'Changes that failed, and wait to be tried again.', one(metrics.putOff)),
    gauge(
      'keyturn.dead_letters',
      'Changes that could not be handled, and wait for people.',
      one(metrics.deadLetters),
    ),
    gauge(
      'keyturn.health',
      'Checks of the service’s health: 1 is well, 0 is failing.',
      Object.entries(metrics.health).map(([check, isOk]) => ({ labels: { check }, value: isOk ? 1 : 0 })),
    ),
    gauge(
      'keyturn.metrics_complete',
      'Whether every group is in these figures: 1, or 0 where there were too many to look at.',
      one(metrics.complete ? 1 : 0),
    ),
    gauge(
      'keyturn.metrics_taken_timestamp_seconds',
      'When these figures were taken.',
      one(fromInstant(takenOn) / 1000),
    ),
    gauge('keyturn.build_info', 'The version of Keyturn.', [{ labels: { version }, value: 1 }]),
  ];
}

/** For a page alone: whoever exports figures later than they were taken would export an age that has passed. */
export function ageGauge({ takenOn }: FleetMetrics, now: Instant): FleetGauge {
  const seconds = Math.max(0, secondsBetween(takenOn, now));
  return gauge('keyturn.metrics_age_seconds', 'How long ago these figures were taken.', one(seconds));
}

function gauge(name: FleetGauge['name'], help: string, samples: readonly GaugeSample[]): FleetGauge {
  return { name, help, samples };
}

function one(value: number | null): readonly GaugeSample[] {
  return value === null ? [] : [{ labels: {}, value }];
}

function by(label: string, counts: Readonly<Record<string, number>>): readonly GaugeSample[] {
  return Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
}
