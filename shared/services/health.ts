// Health: whether renewals can happen, not only whether the process lives.
import type { Health } from '../api/event.ts';
import type { Group } from '../domain/group.ts';
import type { Job } from '../domain/job.ts';
import { addMinutes } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { System } from './system.ts';

/** A transition is late when the scan has let it lie this long, minutes: three rounds of its default schedule. */
const LATE_MINUTES = 15;

type Check = Health['checks'][number];

export async function health(system: System): Promise<Health> {
  const checks = await Promise.all([storeAndScan(system), packageVault(system)]);
  return {
    status: checks.every(({ status }) => status === 'ok') ? 'ok' : 'failing',
    version: system.settings.version,
    time: system.clock.now(),
    checks,
  };
}

async function storeAndScan(system: System): Promise<Check> {
  const name = 'renewalScan';
  try {
    const windowsSince = await dueSince(system, 'group');
    if (windowsSince)
      return { name, status: 'failing', detail: `Windows wait to open or end since ${windowsSince}.` };
    const jobsSince = await dueSince(system, 'job');
    if (jobsSince)
      return { name, status: 'failing', detail: `Statuses wait to be brought in line since ${jobsSince}.` };
    return { name, status: 'ok', detail: 'The store answers, and nothing waits for the scan.' };
  } catch {
    return { name, status: 'failing', detail: 'The document store does not answer.' };
  }
}

/** The soonest of what the scan should have taken up by now; null when it keeps up. */
async function dueSince(system: System, type: 'group' | 'job'): Promise<Instant | null> {
  const late = await system.store.query<Group | Job>({
    type,
    where: [{ field: 'nextActionOn', is: '<', value: addMinutes(system.clock.now(), -LATE_MINUTES) }],
    orderBy: 'nextActionOn',
    limit: 1,
  });
  return late.items[0]?.document.nextActionOn ?? null;
}

async function packageVault(system: System): Promise<Check> {
  const name = 'packageVault';
  try {
    await system.vault.probe();
    return { name, status: 'ok', detail: 'The package vault answers.' };
  } catch {
    return {
      name,
      status: 'failing',
      detail: 'The package vault does not answer: no key can be issued or fetched.',
    };
  }
}
