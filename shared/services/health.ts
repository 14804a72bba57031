// Health: whether renewals can happen, not only whether the process lives.
import type { Health } from '../api/event.ts';
import { feedPulseId, FLEET_METRICS_ID, hasSeen, SERVICE_PARTITION } from '../domain/fleet-metrics.ts';
import type { FeedProgress, FeedPulse, FleetMetrics } from '../domain/fleet-metrics.ts';
import type { Group } from '../domain/group.ts';
import type { Job } from '../domain/job.ts';
import { secondsBetween } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { System } from './system.ts';

/** A transition is late when the scan has let it lie this long, seconds: three rounds of its default schedule. */
const LATE_SECONDS = 900;
/** A consumer of the change feed has stopped when it is behind for longer, seconds. */
const BEHIND_SECONDS = 900;
/**
 * Timers do not run when no figures were taken for longer, seconds: three rounds of the slowest schedule that is advised.
 * A host that was stopped for longer makes up for the rounds that it missed as soon as it starts.
 */
const SILENT_SECONDS = 10_800;

type Check = Health['checks'][number];

interface Look {
  readonly since: Instant;
  readonly health: Promise<Health>;
}

const lastLooks = new WeakMap<System, Look>();

/** Anyone may ask, as often as they like, and each look costs queries: one answers all who ask within some seconds of it. */
export function health(system: System): Promise<Health> {
  const now = system.clock.now();
  const last = lastLooks.get(system);
  const age = last === undefined ? Infinity : secondsBetween(last.since, now);
  if (last !== undefined && age >= 0 && age < system.settings.healthSeconds) return last.health;
  const look: Look = { since: now, health: lookAt(system) };
  lastLooks.set(system, look);
  return look.health;
}

async function lookAt(system: System): Promise<Health> {
  const checks = await healthChecks(system, null);
  return {
    status: checks.every(({ status }) => status === 'ok') ? 'ok' : 'failing',
    version: system.settings.version,
    time: system.clock.now(),
    checks,
  };
}

/** @param feed how far its consumers have come; null for how far they had come when that was last looked at. */
export function healthChecks(system: System, feed: readonly FeedProgress[] | null): Promise<Check[]> {
  return Promise.all([
    checked('renewalScan', 'The document store does not answer.', () => scan(system)),
    checked('packageVault', 'The package vault does not answer: no key can be issued or fetched.', () =>
      packageVault(system),
    ),
    checked('workQueue', 'The work queue does not answer: what failed once may not be tried again.', () =>
      workQueue(system),
    ),
    checked('changeFeed', 'The document store does not answer.', () => changeFeed(system, feed)),
  ]);
}

interface Finding {
  readonly isOk: boolean;
  readonly detail: string;
}

/** @param silence what is said of a part that does not answer, for whatever reason. */
async function checked(name: string, silence: string, look: () => Promise<Finding>): Promise<Check> {
  try {
    const { isOk, detail } = await look();
    return { name, status: isOk ? 'ok' : 'failing', detail };
  } catch {
    return { name, status: 'failing', detail: silence };
  }
}

async function scan(system: System): Promise<Finding> {
  const windows = await oldestDue(system, 'group');
  if (windows.waitingSeconds > LATE_SECONDS)
    return { isOk: false, detail: `Windows wait to open or end since ${windows.since}.` };
  const jobs = await oldestDue(system, 'job');
  if (jobs.waitingSeconds > LATE_SECONDS)
    return { isOk: false, detail: `Statuses wait to be brought in line since ${jobs.since}.` };
  return { isOk: true, detail: 'The store answers, and nothing waits for the scan.' };
}

/** How long what is due has waited for the scan, at most; 0 when nothing is due. */
export async function scanLagSeconds(system: System): Promise<number> {
  const due = await Promise.all([oldestDue(system, 'group'), oldestDue(system, 'job')]);
  return Math.max(...due.map(({ waitingSeconds }) => waitingSeconds));
}

/** The soonest of what the scan should have taken up by now. */
async function oldestDue(
  system: System,
  type: 'group' | 'job',
): Promise<{ since: Instant | null; waitingSeconds: number }> {
  const now = system.clock.now();
  const due = await system.store.query<Group | Job>({
    type,
    where: [{ field: 'nextActionOn', is: '<=', value: now }],
    orderBy: 'nextActionOn',
    limit: 1,
  });
  const since = due.items[0]?.document.nextActionOn ?? null;
  return { since, waitingSeconds: since === null ? 0 : secondsBetween(since, now) };
}

async function packageVault(system: System): Promise<Finding> {
  await system.vault.probe();
  return { isOk: true, detail: 'The package vault answers.' };
}

async function workQueue(system: System): Promise<Finding> {
  await system.queue.deadLetters();
  return { isOk: true, detail: 'The work queue answers.' };
}

async function changeFeed(system: System, feed: readonly FeedProgress[] | null): Promise<Finding> {
  if (feed !== null) return follows(feed.filter(hasStopped));
  const last = await system.store.read<FleetMetrics>(SERVICE_PARTITION, FLEET_METRICS_ID);
  if (last === null) return follows([]);
  const { takenOn } = last.document;
  if (secondsBetween(takenOn, system.clock.now()) > SILENT_SECONDS)
    return { isOk: false, detail: `Nothing is known of it since ${takenOn}: timers do not run.` };
  return follows(await stillStopped(system, last.document));
}

function follows(stopped: readonly FeedProgress[]): Finding {
  if (stopped.length === 0) return { isOk: true, detail: 'Changes are followed.' };
  const named = stopped.map(({ consumer, behindSince }) => `${consumer} since ${behindSince}`);
  return { isOk: false, detail: `Behind with changes: ${named.join(', ')}.` };
}

/** However long it was on the way, what has arrived does not tell of a consumer that has stopped. */
function hasStopped({ behindSince, lagSeconds }: FeedProgress): boolean {
  return behindSince !== null && lagSeconds > BEHIND_SECONDS;
}

/** The consumers that had stopped when metrics were taken last, and have not caught up with them since. */
async function stillStopped(
  { store }: System,
  { feed, takenOn }: FleetMetrics,
): Promise<readonly FeedProgress[]> {
  const stopped = feed.filter(hasStopped);
  const pulses = await Promise.all(
    stopped.map(({ consumer }) => store.read<FeedPulse>(SERVICE_PARTITION, feedPulseId(consumer))),
  );
  return stopped.filter((_, index) => !hasSeen(pulses[index]?.document ?? null, takenOn));
}
