// The costs of a machine extended to ten million of them, as tables whose every line says how it was reckoned.
import {
  GRACE_MINUTES_DEFAULT,
  GRACE_MINUTES_MIN,
  VALIDITY_MINUTES_DEFAULT,
  VALIDITY_MINUTES_MIN,
} from '../../shared/domain/policy.ts';
import {
  ASSUMED,
  FLEET,
  GROUP_SIZES,
  HEARTBEAT_PERIODS,
  LIMITS,
  MONTH_SECONDS,
  PACES,
  PRICES,
  RENEWAL,
  YEAR_MINUTES,
} from './costs-assumptions.ts';
import type { MachineCosts } from './costs-of-machine.ts';
import { countUnits } from './costs-request-units.ts';
import { toMarkdown } from './costs-table.ts';

const [HOURLY] = PACES;

/** What, its value in each case, and how it was reckoned. */
type Line = readonly [what: string, value: (of: number) => number, how: string];

export function fleetTables(
  machine: MachineCosts,
): Readonly<Record<'resting' | 'group' | 'fleet' | 'money', string>> {
  const paces = ['every hour (default)', 'every 12 hours (slowest)'];
  return {
    resting: table(['Ten million machines at rest', ...paces, 'How'], PACES, restingLines(machine)),
    group: table(
      ['One group', '1,000 machines', '100,000 machines', 'How'],
      GROUP_SIZES,
      groupLines(machine),
    ),
    fleet: table(
      ['Renewal of 10,000 groups of 1,000', 'one at a time', 'all due at once', 'How'],
      [1, FLEET.groups],
      fleetLines(machine),
    ),
    money: table(['US dollars a month', ...paces, 'How'], PACES, moneyLines(machine)),
  };
}

function rate(pace: number): number {
  return FLEET.machines / pace;
}

function restingLines({ checkIn, heartbeat, resting }: MachineCosts): Line[] {
  const beats = (pace: number): number => rate(pace) / HEARTBEAT_PERIODS;
  return [
    ['check-ins a second', rate, 'machines ÷ pace'],
    ['heartbeats written a second', beats, 'with one check-in in four'],
    ['RU/s of check-ins', (pace) => rate(pace) * checkIn, `${shown(checkIn)} RU each`],
    [
      'RU/s of heartbeats',
      (pace) => beats(pace) * heartbeat.request,
      `${shown(heartbeat.request)} RU on top of the check-in`,
    ],
    ['RU/s of the feed', (pace) => beats(pace) * heartbeat.feed, 'two functions read each heartbeat'],
    ['**RU/s in all**', (pace) => rate(pace) * resting, 'sum'],
    ['executions a month, millions', (pace) => checkIns(pace) / 1e6, 'check-ins alone'],
    [
      'cores busy',
      busyCores,
      `${RENEWAL.checkInMilliseconds} ms a check-in, measured; twice that with Functions’ own host`,
    ],
    ['instances', instances, 'of one core, half busy'],
    ['GB-s a month, millions', (pace) => gigabyteSeconds(pace) / 1e6, 'instances × 2 GB × a month'],
  ];
}

function busyCores(pace: number): number {
  return (rate(pace) * RENEWAL.checkInMilliseconds * ASSUMED.hostFactor) / 1000;
}

function instances(pace: number): number {
  return Math.ceil(busyCores(pace) / ASSUMED.coresOfInstance);
}

function gigabyteSeconds(pace: number): number {
  return instances(pace) * ASSUMED.instanceGigabytes * MONTH_SECONDS;
}

function groupLines(machine: MachineCosts): Line[] {
  const { resting, opening, calls, ending } = machine;
  const joined = (size: number): number => gigabytes(size * machine.joiningBytes);
  const yearly = (validity: number, grace: number) => (size: number) =>
    (YEAR_MINUTES / (validity - grace)) * gigabytes(size * machine.renewalBytes);
  const rarely = yearly(VALIDITY_MINUTES_DEFAULT, GRACE_MINUTES_DEFAULT);
  const often = yearly(VALIDITY_MINUTES_MIN, GRACE_MINUTES_MIN);
  const left = (size: number): number => LIMITS.partitionGigabytes - joined(size);
  return [
    [
      'RU/s at rest',
      (size) => (size / HOURLY) * resting,
      `${shown(resting)} a check-in, heartbeats included`,
    ],
    [
      'RU of the opening',
      (size) => size * opening,
      `${shown(opening)} a machine: status, event, notification, feed`,
    ],
    [
      '… seconds of its whole partition',
      (size) => (size * opening) / LIMITS.partitionUnits,
      'which gives 10,000 RU/s',
    ],
    [
      'RU/s of the machines’ calls',
      (size) => (size / HOURLY) * calls,
      `${shown(calls)} a machine, all within an hour`,
    ],
    ['RU of the end', (size) => size * ending, `${shown(ending)} a machine that is in line`],
    ['RU of `GET` group', (size) => 1 + countUnits(size), 'it counts the machines (assumed)'],
    ['GB once all have joined', joined, 'a machine, two events and a notification each; index'],
    ['GB a year, default policy', rarely, 'two events and two notifications a machine every 4.5 years'],
    ['… years until 20 GB', (size) => left(size) / rarely(size), 'nothing is ever deleted'],
    ['GB a year, shortest policy', often, 'the same every 45 days'],
    ['… years until 20 GB', (size) => left(size) / often(size), 'likewise'],
  ];
}

function gigabytes(bytes: number): number {
  return (bytes * ASSUMED.indexFactor) / 2 ** 30;
}

function fleetLines({ opening, calls, ending }: MachineCosts): Line[] {
  const whole = opening + calls + ending;
  const size = FLEET.machines / FLEET.groups;
  const perSecond = (groups: number): number => (groups * size) / HOURLY;
  const cores = (groups: number): number =>
    (perSecond(groups) * RENEWAL.machineMilliseconds * ASSUMED.hostFactor) / 1000;
  const running = (groups: number): number => Math.ceil(cores(groups) / ASSUMED.coresOfInstance);
  return [
    [
      'RU, millions',
      (groups) => (groups * size * whole) / 1e6,
      `${shown(whole)} a machine: opening, calls, end`,
    ],
    ['RU/s of the machines’ calls', (groups) => perSecond(groups) * calls, 'all within an hour'],
    [
      'hours at 40,000 RU/s',
      (groups) => (groups * size * whole) / ASSUMED.boughtUnits / 3600,
      'if no more was bought',
    ],
    [
      'calls a second',
      (groups) => perSecond(groups) * RENEWAL.callsOfMachine,
      `${RENEWAL.callsOfMachine} a machine, measured`,
    ],
    ['instances', running, `${RENEWAL.machineMilliseconds} ms a machine, measured, twice; half busy`],
    [
      'packages put in 10 s',
      (groups) => Math.max(1, (groups / ASSUMED.scanSeconds) * 10),
      `limit ${LIMITS.vaultCreates}: one scan opens them all in three minutes`,
    ],
    [
      'packages got in 10 s, not remembered',
      (groups) => 10 * perSecond(groups),
      `limit ${shown(LIMITS.vaultGets)}`,
    ],
    [
      'packages got in 10 s, remembered',
      (groups) => Math.max(1, (10 * running(groups) * groups) / HOURLY),
      'one an instance and key',
    ],
  ];
}

/** A month. */
function checkIns(pace: number): number {
  return rate(pace) * MONTH_SECONDS;
}

function moneyLines(machine: MachineCosts): Line[] {
  const stored = gigabytes(FLEET.machines * (machine.joiningBytes + machine.renewalBytes));
  const lines: Line[] = [
    [
      'Cosmos DB: request units',
      (pace) => ((rate(pace) * machine.resting * ASSUMED.peakFactor) / 100) * PRICES.units * 730,
      `autoscale, $${PRICES.units} for 100 RU/s and hour, peaks ${ASSUMED.peakFactor} × the average`,
    ],
    [
      'Cosmos DB: storage',
      () => stored * PRICES.storageGigabyte,
      `${shown(stored)} GB after a renewal, $${PRICES.storageGigabyte} each`,
    ],
    [
      'Functions: executions',
      (pace) => (checkIns(pace) / 1e6) * PRICES.millionExecutions,
      `$${PRICES.millionExecutions} a million`,
    ],
    [
      'Functions: GB-s',
      (pace) => gigabyteSeconds(pace) * PRICES.gigabyteSecond,
      `Flex Consumption, $${PRICES.gigabyteSecond}`,
    ],
    [
      'traffic out of Azure',
      (pace) => (checkIns(pace) * ASSUMED.egressKilobytes * PRICES.egressGigabyte) / 2 ** 20,
      `${ASSUMED.egressKilobytes} KB a check-in, $${PRICES.egressGigabyte} a GB`,
    ],
  ];
  return [
    ...lines,
    [
      '**sum**',
      (pace) => lines.reduce((total, [, value]) => total + value(pace), 0),
      'Key Vault’s calls come to cents',
    ],
    [
      'telemetry of every request, on top',
      telemetry,
      `${ASSUMED.telemetryKilobytes} KB each, $${PRICES.telemetryGigabyte} a GB, unless sampled`,
    ],
  ];
}

function telemetry(pace: number): number {
  return (checkIns(pace) * ASSUMED.telemetryKilobytes * PRICES.telemetryGigabyte) / 2 ** 20;
}

function table(head: readonly string[], cases: readonly number[], lines: readonly Line[]): string {
  const rule = head.map((_, column) => (column === 0 || column === head.length - 1 ? '---' : '---:'));
  const rows = lines.map(([what, value, how]) => [what, ...cases.map((each) => shown(value(each))), how]);
  return toMarkdown([head, rule, ...rows]);
}

/** Three digits: nothing here is known better. */
function shown(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1000 ? rounded.toLocaleString('en') : String(rounded);
}
