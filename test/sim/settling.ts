// The end of a world: faults stop, people help the lost, a last window opens and ends, and then everything must be as if nothing
// had ever gone wrong.
import type { Group } from '../../shared/domain/group.ts';
import { regenerate, rejoinGroup } from './actions.ts';
import { CAPABLE_VERSION } from './machine.ts';
import type { SimMachine } from './machine.ts';
import { redrive } from './people.ts';
import { checkRest, DAY_SECONDS, holdsPrimary, isAble, membersOf } from './rest.ts';
import { PERSON_TOKEN } from './service.ts';
import type { World } from './world.ts';

/** Ends the world well, or with a violation. */
export async function settle(world: World): Promise<void> {
  const steady = world.setting.steadyCheckInSeconds;
  const steps: readonly (() => Promise<void>)[] = [
    () => restore(world),
    () => world.wait(3 * steady + DAY_SECONDS),
    () => helpTheLost(world),
    () => renewOnceMore(world),
    () => checkEnd(world),
  ];
  for (const step of steps) if (world.violation === null) await step();
}

async function restore(world: World): Promise<void> {
  world.weather.endAll();
  world.host.scansSkippedUntil = world.host.feedDelayedUntil = 0;
  world.ambush = null;
  world.quietSince = world.scheduler.now;
  redrive(world);
  for (const machine of world.machines) {
    machine.lie = null;
    machine.clockOffsetMilliseconds = 0;
    machine.version = CAPABLE_VERSION;
    machine.powerOff();
    if (machine.record !== null) machine.powerOn();
  }
}

function groupsInUse(world: World): Group[] {
  return world.groups
    .map((_, place) => world.group(place))
    .filter((group) => group !== null)
    .filter(({ status }) => status === 'Active' || status === 'Renewing');
}

/** A person regenerates the password where the key is, and has those rejoin that lack it. */
async function helpTheLost(world: World): Promise<void> {
  for (const group of groupsInUse(world)) {
    const members = membersOf(world, group).filter(
      (machine) => !machine.isTampered && world.member(machine)?.membership === 'member',
    );
    const helper = members.find((machine) => holdsPrimary(machine, group));
    const lost = members.filter((machine) => world.member(machine)?.keyDeliveryStatus === 'KeyExpired');
    if (helper === undefined || lost.length === 0) continue;
    regenerate(world, helper);
    await world.wait(600);
    for (const machine of lost) rejoinGroup(world, machine);
    await world.wait(3_600);
    for (const machine of lost) {
      const status = world.member(machine)?.keyDeliveryStatus;
      if (status === 'KeyExpired')
        world.violate(
          'way-back-closed',
          `machine ${machine.index} stays ${status} after its rejoin, refused with ${machine.lastRefusal}`,
        );
    }
  }
}

async function renewOnceMore(world: World): Promise<void> {
  const open = groupsInUse(world).filter(({ status }) => status === 'Renewing');
  await world.wait(3 * world.setting.steadyCheckInSeconds);
  const latest = Math.max(...open.map(({ nextActionOn }) => Date.parse(nextActionOn ?? '')), 0);
  await sleepUntil(world, latest);
  const groups = groupsInUse(world).filter(
    (group) =>
      group.status === 'Active' &&
      membersOf(world, group).some((machine) => isAble(machine) && isCurrent(world, machine, group)),
  );
  for (const { groupId } of groups) {
    world.person((client) => client.call('openRenewal', { params: { groupId }, token: PERSON_TOKEN }));
  }
  await world.wait(3 * world.setting.steadyCheckInSeconds + DAY_SECONDS);
  for (const { groupId, primaryKey } of groups) {
    const group = world.store.read<Group>(groupId, 'group')?.document;
    if (group?.primaryKey?.version !== (primaryKey?.version ?? 0) + 1) {
      world.violate('stuck', `the last window of ${groupId} brought no key`);
    }
  }
  const end = Math.max(...groups.map(({ groupId }) => endOf(world, groupId)), 0);
  await sleepUntil(world, end);
  await world.wait(3 * world.setting.steadyCheckInSeconds + DAY_SECONDS);
}

/** Machines that are switched off meanwhile make the wait short for whoever simulates it. */
async function sleepUntil(world: World, time: number): Promise<void> {
  for (const machine of world.machines) machine.powerOff();
  await world.wait((time - world.scheduler.now) / 1000 + DAY_SECONDS);
  for (const machine of world.machines) if (machine.record !== null) machine.powerOn();
}

function isCurrent(world: World, machine: SimMachine, group: Group): boolean {
  return (
    holdsPrimary(machine, group) &&
    world.member(machine)?.membership === 'member' &&
    world.member(machine)?.keyVersion === group.primaryKey?.version
  );
}

function endOf(world: World, groupId: string): number {
  return Date.parse(world.store.read<Group>(groupId, 'group')?.document.renewal?.endsOn ?? '1970-01-01');
}

async function checkEnd(world: World): Promise<void> {
  for (const machine of world.machines) machine.powerOff();
  await world.wait(3_600);
  checkRest(world);
  if (!world.host.isDrained) world.violate('left-behind', 'changes were never handed over');
  if (world.jobs.length > 0) world.violate('left-behind', `${world.jobs[0]?.id} was never done`);
  world.statuses.checkNotifications();
  for (const groupId of world.store.groupIds) await checkPackages(world, groupId);
  for (const group of groupsInUse(world)) checkHeldKeys(world, group);
}

async function checkPackages(world: World, groupId: string): Promise<void> {
  const group = world.store.read<Group>(groupId, 'group')?.document;
  if (group === undefined || group.status === 'Renewing') return;
  const names = await world.vault.list(groupId);
  const { primaryKey } = group;
  const isNeeded = (thumbprint: string): boolean =>
    thumbprint === primaryKey?.thumbprint && group.status === 'Active';
  const isDeleted = group.status === 'Deleted';
  const left = names.filter(
    ({ version, thumbprint }) =>
      isDeleted || (!isNeeded(thumbprint) && version <= (primaryKey?.version ?? 0)),
  );
  if (left.length > 0 && group.status !== 'KeyExpired') {
    world.violate('left-behind', `${left.length} packages of ${groupId}, ${group.status}, are still there`);
  }
  if (group.status === 'Active' && !names.some(({ thumbprint }) => isNeeded(thumbprint))) {
    world.violate('package-missing', `the package of version ${primaryKey?.version} is gone`);
  }
}

function checkHeldKeys(world: World, group: Group): void {
  if (group.status !== 'Active') return;
  for (const machine of membersOf(world, group)) {
    if (!isAble(machine) || world.member(machine)?.keyDeliveryStatus !== 'Default') continue;
    const old = machine.keys.filter(({ version }) => version < (group.primaryKey?.version ?? 0));
    if (old.length > 0)
      world.violate('left-behind', `machine ${machine.index} keeps version ${old[0]?.version}`);
  }
}
