// Health: whether renewals can happen, not only whether the process lives.
import type { Health } from '../api/event.ts';
import type { Group } from '../domain/group.ts';
import { addMinutes } from '../domain/instant.ts';
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
    const late = await system.store.query<Group>({
      type: 'group',
      where: [{ field: 'nextActionOn', is: '<', value: addMinutes(system.clock.now(), -LATE_MINUTES) }],
      orderBy: 'nextActionOn',
      limit: 1,
    });
    const since = late.items[0]?.document.nextActionOn;
    return since
      ? { name, status: 'failing', detail: `Windows wait to open or end since ${since}.` }
      : { name, status: 'ok', detail: 'The store answers, and no window waits to open or end.' };
  } catch {
    return { name, status: 'failing', detail: 'The document store does not answer.' };
  }
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
