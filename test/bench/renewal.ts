// A whole renewal of a group, from the opening of its window until all its machines have the new key: real agents with real
// cryptography in worker processes, over HTTP, the service in a process of its own with SQLite and Azurite.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { figure, ratio, scaled } from './benchmark.ts';
import type { Benchmark, BenchResult } from './benchmark.ts';
import { RenewalFleet } from './renewal-fleet.ts';
import type { Usage } from './renewal-fleet.ts';
import { sum } from './statistics.ts';

const AGENTS = 1000;
const HOUR = 3600;
/** In virtual time. Machines come by within an hour and a quarter; some come again. */
const LONGEST = 4 * HOUR;

export const renewalBenchmark: Benchmark = {
  name: 'renewal',
  title: 'a whole renewal: from the opening of the window until all machines are Default',
  async run({ scale, folder, say }) {
    const fleet = await RenewalFleet.start(join(folder, 'renewal'), scaled(AGENTS, scale, 2));
    try {
      return await renew(fleet, say);
    } finally {
      await fleet.stop();
    }
  },
};

async function renew(fleet: RenewalFleet, say: (text: string) => void): Promise<BenchResult> {
  const { size } = fleet;
  say(`${size} agents`);
  await fleet.found();
  const params = { groupId: fleet.groupId };
  const opensOn = (await fleet.call('getGroup', { params })).nextRenewalDate as Instant;

  say('the hour before the window opens');
  await fleet.beginAt(addSeconds(opensOn, -HOUR), HOUR);
  await fleet.settle();
  const atFirst = await fleet.usage();
  await fleet.liveUntil(addSeconds(opensOn, -1));
  await fleet.settle();
  const before = await fleet.usage();

  say('the window');
  const startedAt = performance.now();
  await fleet.liveUntil(addSeconds(opensOn, LONGEST), () => fleet.countWith(2) === size);
  const group = await fleet.call('getGroup', { params });
  const seconds = (performance.now() - startedAt) / 1000;
  await fleet.settle();
  const after = await fleet.usage();

  assert.deepEqual(group.machinesByStatus, { Default: size, PendingNewKey: 0, KeyExpired: 0 });
  await check(fleet);
  return {
    figures: [
      figure('from the opening to all Default', seconds, 's'),
      ...renewalFigures(before, after, size),
      ...steadyFigures(atFirst, before),
    ],
    ratios: [ratio('packages downloaded, of one key', downloadsOf(before, after), { is: '<=', bound: 1 })],
    notes: NOTES,
  };
}

const NOTES = [
  'Time is virtual: it moves on to the next check-in, when the service asked for it, as fast as the agents get through, and no check-in seems to take longer than a minute. ' +
    'What each machine does and how often is as in real time, where the renewal would take the hour and a quarter in which all machines come by; the seconds say how fast this machine gets through it.',
  'Service, agents, Azurite and the conductor share the cores; processor time is of the service’s process, feeds and notifications included, and of the agents’, each taken from the operating system.',
  'All but the first machine were written into store and folders as if they had joined, since each joining costs two password derivations.',
  'Downloads are the HTTP requests for packages that the service sent to Azurite.',
];

function renewalFigures(before: Usage, after: Usage, size: number): BenchResult['figures'] {
  const service = after.serviceMilliseconds - before.serviceMilliseconds;
  const calls = callsBetween(before, after);
  return [
    figure('service: processor', service / 1000, 's'),
    figure('service: processor a machine', service / size, 'ms'),
    figure('agent: processor a machine', (after.agentsMilliseconds - before.agentsMilliseconds) / size, 'ms'),
    figure('calls a machine', sum(Object.values(calls)) / size, ''),
    ...Object.entries(calls).map(([id, count]) => figure(`calls a machine: ${id}`, count / size, '')),
    figure('packages asked for', calls['getKeyPackage'] ?? 0, ''),
    figure('packages downloaded from the vault', downloadsOf(before, after), ''),
    figure('check-ins that failed and were repeated', after.retries - before.retries, ''),
  ];
}

function steadyFigures(from: Usage, to: Usage): BenchResult['figures'] {
  const { checkIn = 0 } = callsBetween(from, to);
  const service = to.serviceMilliseconds - from.serviceMilliseconds;
  return [
    figure('the hour before: check-ins, most with a heartbeat', checkIn, ''),
    figure('the hour before: service, processor a check-in', service / checkIn, 'ms'),
  ];
}

function callsBetween(from: Usage, to: Usage): Record<string, number> {
  const entries = Object.entries(to.calls).map(([id, count]) => [id, count - (from.calls[id] ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

function downloadsOf(before: Usage, after: Usage): number {
  return after.downloads - before.downloads;
}

/** One key, and each machine's two changes of status with their notifications: none lost, none twice. */
async function check(fleet: RenewalFleet): Promise<void> {
  const { size } = fleet;
  assert.deepEqual(await fleet.outcome(), {
    statuses: { Default: size },
    changes: 2 * size,
    notifications: 2 * size,
    keysIssued: 1,
    packages: 2,
  });
}
