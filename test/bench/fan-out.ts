// The fan-out of one large group: its window opens, and the change feed carries the job on until every machine's status
// has followed; then until every machine's notification is recorded. Against how fast the store takes such documents.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { systemClock } from '../../shared/adapters/system-clock.ts';
import { machineIdentityToPem } from '../../shared/crypto/machine-identity.ts';
import type { MachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { figure, ratio, scaled } from './benchmark.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { groupIdOf, newIdentities, seedFleet } from './fleet.ts';
import type { LoadAnswers, LoadResult } from './load-process.ts';
import type { ServiceAnswers } from './service-process.ts';
import { quantile } from './statistics.ts';
import { groupedWriteRate } from './write-rate.ts';

const MACHINES = 100_000;
/** For the memory, to compare with. */
const FEWER = 10_000;
/** Check-ins meanwhile: 100,000 machines that check in every hour come at 28 a second. */
const CHECK_INS_PER_SECOND = 100;
const CONNECTIONS = 64;
const IDENTITIES = 200;
const GROUP = 0;

/** One fan-out in a service of its own; `meanwhile` is given its address. */
async function fanOut<T>(file: string, meanwhile: (url: string) => Promise<T>) {
  const service = startChild<ServiceAnswers>('service-process.ts');
  try {
    const url = await service.ask('start', { file, nothing: null });
    await service.ask('drainFeeds', undefined);
    const others = meanwhile(url);
    const result = await service.ask('fanOut', { groupId: groupIdOf(GROUP) });
    return { ...result, others: await others };
  } finally {
    await service.stop();
  }
}

/** Every machine has its new status, one event and one notification. @throws Error otherwise. */
async function requireComplete(file: string, machines: number): Promise<void> {
  const store = sqliteDocumentStore({ file });
  const groupId = groupIdOf(GROUP);
  const statuses = await store.countBy(groupId, 'machine', 'keyDeliveryStatus');
  const events = await store.countBy(groupId, 'event', 'machineId');
  const notifications = await store.countBy(groupId, 'notification', 'machineId');
  await store.close();
  const pending = statuses.get('PendingNewKey') ?? 0;
  const isOneEach = [events, notifications].every(
    (counts) => counts.size === machines && [...counts.values()].every((count) => count === 1),
  );
  if (pending !== machines || !isOneEach) {
    const found = `${pending} pending, ${events.size} with events, ${notifications.size} with notifications`;
    throw new Error(`of ${machines} machines, ${found}`);
  }
}

/** Check-ins at a steady rate, with fresh tokens, for about as long as the fan-out takes. */
async function startLoad(machines: number, identities: readonly MachineIdentity[], seconds: number) {
  const requests = Math.min(Math.ceil(seconds * CHECK_INS_PER_SECOND), machines);
  const load = startChild<LoadAnswers>('load-process.ts');
  await load.ask('sign', {
    identityPems: identities.map(machineIdentityToPem),
    machinesPerGroup: machines,
    from: machines - requests,
    to: machines,
    now: systemClock().now(),
  });
  const common = { connections: CONNECTIONS, kind: 'fresh', tokensAgain: 0 } as const;
  return {
    run: (url: string): Promise<LoadResult> =>
      load.ask('run', { ...common, url, requests, perSecond: CHECK_INS_PER_SECOND }),
    stop: () => load.stop(),
  };
}

async function run({ scale, folder, say }: BenchContext) {
  const machines = scaled(MACHINES, scale, 500);
  const fewer = scaled(FEWER, scale, 250);
  const identities = await newIdentities(scaled(IDENTITIES, scale, 4));
  const file = (name: string): string => join(folder, `${name}.db`);
  await seedFleet(file('seeded'), { machines, machinesPerGroup: machines, identities });
  for (const name of ['rate', 'alone', 'asked']) await copyFile(file('seeded'), file(name));
  await seedFleet(file('fewer'), { machines: fewer, machinesPerGroup: fewer, identities });
  say(`groups of ${machines} and ${fewer} machines registered`);

  const documentsPerSecond = await groupedWriteRate(file('rate'), groupIdOf(GROUP), systemClock().now());
  say(`the store takes ${Math.round(documentsPerSecond)} documents/s`);
  const alone = await fanOut(file('alone'), () => Promise.resolve(null));
  await requireComplete(file('alone'), machines);
  say(`fan-out in ${alone.aligned.toFixed(1)} s, notifications in ${alone.notified.toFixed(1)} s`);
  const less = await fanOut(file('fewer'), () => Promise.resolve(null));
  await requireComplete(file('fewer'), fewer);
  const load = await startLoad(machines, identities, alone.aligned);
  const asked = await fanOut(file('asked'), (url) => load.run(url));
  await load.stop();
  await requireComplete(file('asked'), machines);
  const { latencies, failures, answer } = asked.others;
  if (failures > 0) throw new Error(`${failures} check-ins failed: ${answer}`);

  const pairsPerSecond = documentsPerSecond / 2;
  const rate = machines / alone.aligned;
  return {
    figures: [
      figure('machines whose status followed', rate, 'machines/s'),
      figure('the same, with check-ins meanwhile', machines / asked.aligned, 'machines/s'),
      figure('machines notified as well', machines / alone.notified, 'machines/s'),
      figure('the store’s grouped writes', documentsPerSecond, 'documents/s'),
      figure('the store’s grouped writes, machine and event', pairsPerSecond, 'machines/s'),
      figure(`peak memory, ${machines} machines`, alone.peakMiB, 'MiB'),
      figure(`peak memory, ${fewer} machines`, less.peakMiB, 'MiB'),
      figure('check-ins meanwhile', latencies.length, ''),
      figure('check-ins meanwhile: p50', quantile(latencies, 0.5), 'ms'),
      figure('check-ins meanwhile: p99', quantile(latencies, 0.99), 'ms'),
    ],
    ratios: [
      ratio('fan-out / grouped writes', rate / pairsPerSecond, { is: '>=', bound: 0.5 }),
      ratio(
        'documents of all that follows, notifications included / grouped writes',
        (3 * machines) / alone.notified / documentsPerSecond,
      ),
      ratio('peak memory, ten times the machines', alone.peakMiB / less.peakMiB),
    ],
    notes: [
      'A machine is two documents, its own and its event; its notification, the third, is written meanwhile by another consumer of the feed.',
      'Grouped writes: the same batches of 50 machines and 50 events, 16 of them waiting at any time, and nothing else.',
      `Check-ins meanwhile: ${CHECK_INS_PER_SECOND} a second with fresh tokens; each is timed from when it was to be sent.`,
      'Memory is the process’s highest, SQLite’s page cache of at most 64 MiB included.',
    ],
  };
}

export const fanOutBenchmark: Benchmark = {
  name: 'fan-out',
  title: 'a window opens for one large group, and every machine’s status follows',
  run,
};
