// The service that is measured, in a process of its own: the real functions on the embedded host, over HTTP, with a SQLite
// store in a file and the machine's clock; and beside them one function that does nothing, on the same host.
// oxlint-disable-next-line import/no-unassigned-import -- it provides the module that the functions register with
import '../../infra/local/functions-core.ts';
import { app } from '@azure/functions';
import { TEST_SCHEDULES } from '../service/running-service.ts';
import { startHost } from '../../infra/local/host.ts';
import type { Host } from '../../infra/local/host.ts';
import { localPeopleAuthenticator } from '../../shared/adapters/local-people-authenticator.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { memoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import { pause } from '../../shared/adapters/pause.ts';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { systemClock } from '../../shared/adapters/system-clock.ts';
import { closeSystem, useSystem } from '../../shared/compose.ts';
import type { ComposedSystem } from '../../shared/compose.ts';
import type { Job } from '../../shared/domain/job.ts';
import { openRenewal } from '../../shared/services/renewals.ts';
import { VERSION } from '../../shared/version.ts';
import { answerParent } from './child.ts';

interface Running {
  readonly host: Host;
  readonly system: ComposedSystem;
}

let running: Running | null = null;

function service(): Running {
  if (running === null) throw new Error('the service has not been started');
  return running;
}

/** Opens the store in `file` and serves it; the function that does nothing gives `nothing` as its answer. */
async function start({ file, nothing }: { file: string; nothing: unknown }): Promise<string> {
  const store = sqliteDocumentStore({ file });
  const clock = systemClock();
  const system: ComposedSystem = {
    store,
    feed: store,
    vault: memoryPackageVault(),
    queue: memoryWorkQueue(clock),
    clock,
    people: localPeopleAuthenticator(''),
    settings: {
      minimumAgentVersion: '2.23',
      steadyCheckInSeconds: 3600,
      feedConsumers: [],
      healthSeconds: 0,
      version: VERSION,
    },
  };
  useSystem(system);
  const host = await startHost({
    load: async () => {
      await import('../../functions/index.ts');
      app.http('nothing', {
        methods: ['POST'],
        authLevel: 'anonymous',
        route: 'nothing',
        handler: () => ({ jsonBody: nothing }),
      });
    },
    clock: system.clock,
    changeFeed: store,
    checkpoints: store,
    settings: TEST_SCHEDULES,
    address: { host: '127.0.0.1', port: 0 },
    log: ({ level, source, message }) => {
      const isTold = level === 'warning' || level === 'error' || level === 'critical';
      if (isTold) process.stderr.write(`service: ${level} ${source}: ${message}\n`);
    },
  });
  running = { host, system };
  return host.url;
}

/** Of this process since it started. */
function usage() {
  const { user, system } = process.cpuUsage();
  return { cpuMilliseconds: (user + system) / 1000 };
}

const LOOK_MILLISECONDS = 20;

/** The most memory that is resident while `work` goes on, MiB. What the system counts itself begins with the parent's. */
async function peakMiBOf(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss() / 2 ** 20);
  };
  const timer = setInterval(look, LOOK_MILLISECONDS);
  await work();
  clearInterval(timer);
  look();
  return peak;
}

async function drainFeeds(): Promise<void> {
  await service().host.drainFeeds();
}

/** Opens the group's window and waits for its machines' statuses, then for their notifications; seconds from the opening. */
async function fanOut({ groupId }: { groupId: string }) {
  const { host, system } = service();
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  let aligned = 0;
  const peakMiB = await peakMiBOf(async () => {
    await openRenewal(system, groupId, { name: 'bench', role: 'Admin' });
    await jobsDone(system, groupId);
    aligned = seconds();
    await host.drainFeeds();
  });
  return { aligned, notified: seconds(), peakMiB };
}

async function jobsDone({ store }: ComposedSystem, groupId: string): Promise<void> {
  for (;;) {
    const { items } = await store.query<Job>({ type: 'job', groupId, limit: 1 });
    if (items.length === 0) return;
    await pause(5);
  }
}

async function stop(): Promise<void> {
  await running?.host.stop();
  await closeSystem();
}

const answers = { start, usage, drainFeeds, fanOut };
export type ServiceAnswers = typeof answers;

answerParent(answers, stop);
