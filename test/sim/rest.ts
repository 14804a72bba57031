// What must hold of a world whenever one looks, and what when it has come to rest: no fault strikes, no change is under way and
// nothing is about to become due.
import type { Group } from '../../shared/domain/group.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import type { SimMachine } from './machine.ts';
import type { World } from './world.ts';

export const DAY_SECONDS = 86_400;
/** Nothing is about to happen by itself for this long. */
const STILL_SECONDS = 900;

/** Checks whatever can be checked now. */
export function checkRest(world: World): void {
  for (const machine of world.machines) world.agents.checkMachine(machine);
  checkNothingLeft(world);
  if (!world.weather.isCalm || !world.host.isDrained || world.jobs.length > 0) return;
  world.statuses.checkNotifications();
  for (const groupId of world.groups) {
    const group = groupId && world.store.read<Group>(groupId, 'group')?.document;
    if (!group || group.primaryKey === null || group.status === 'Deleted') continue;
    if (!isStill(world, group)) continue;
    checkSameKey(world, group);
    world.statuses.checkStatuses(group, world.now);
    checkProgress(world, group);
  }
}

/** A day of peace is enough for whatever was put off. */
function checkNothingLeft(world: World): void {
  if (quietSeconds(world) < DAY_SECONDS) return;
  if (!world.host.isDrained && world.host.failures > 0) {
    world.violate('left-behind', 'changes are handed over again and again');
  }
  const busySince = Math.max(world.queue.busySince, world.quietSince);
  if (world.scheduler.now - busySince > DAY_SECONDS * 1000) {
    world.violate('left-behind', 'changes are put off again and again');
  }
  if (world.overdueSeconds() > DAY_SECONDS) world.violate('stuck', `${world.overdue} is overdue`);
}

function quietSeconds(world: World): number {
  return (world.scheduler.now - world.quietSince) / 1000;
}

function isStill(world: World, { nextActionOn }: Group): boolean {
  return nextActionOn === null || Date.parse(nextActionOn) > world.scheduler.now + STILL_SECONDS * 1000;
}

/** By what the service has written down, and by what lies in the folders that nobody meddled with. */
function checkSameKey(world: World, group: Group): void {
  if (group.status !== 'Active') return;
  for (const { keyDeliveryStatus, keyVersion, name } of world.store.documents<Machine>(
    'machine',
    group.groupId,
  )) {
    if (keyDeliveryStatus === 'Default' && keyVersion !== group.primaryKey?.version) {
      world.violate('not-the-same-key', `${name} is Default with version ${keyVersion}`);
    }
  }
  for (const machine of membersOf(world, group)) {
    if (machine.isTampered || world.member(machine)?.keyDeliveryStatus !== 'Default') continue;
    if (!holdsPrimary(machine, group)) {
      world.violate('not-the-same-key', `machine ${machine.index} is Default without the key`);
    }
  }
}

/** Left in peace for long enough, everything that is due is done, and machines that are on have the window's key. */
function checkProgress(world: World, group: Group): void {
  const { renewal } = group;
  if (renewal === null) return;
  const since = Math.max(
    world.quietSince,
    Date.parse(renewal.startsOn),
    Date.parse(renewal.keyIssuedOn ?? renewal.startsOn),
  );
  if ((world.scheduler.now - since) / 1000 < 3 * world.setting.steadyCheckInSeconds + DAY_SECONDS) return;
  const able = membersOf(world, group).filter((machine) => isAble(machine) && machine.isOn);
  const holders = able.filter((machine) => holdsVersion(machine, renewal.version - 1));
  if (holders.length > 0 && renewal.keyIssuedOn === null) {
    world.violate('stuck', `no machine made version ${renewal.version}, though ${holders.length} could`);
  }
  for (const machine of holders) {
    const isMember = world.member(machine)?.membership === 'member';
    if (isMember && world.member(machine)?.keyVersion !== renewal.version) {
      world.violate('stuck', `machine ${machine.index} is on and has not got version ${renewal.version}`);
    }
  }
}

export function isAble(machine: SimMachine): boolean {
  return (
    machine.isCapable &&
    !machine.isTampered &&
    machine.lie === null &&
    Math.abs(machine.clockOffsetMilliseconds) <= 50_000
  );
}

function holdsVersion(machine: SimMachine, version: number): boolean {
  return machine.keys.some((key) => key.version === version);
}

export function membersOf(world: World, group: Group): SimMachine[] {
  return world.machines.filter(({ record }) => record?.groupId === group.groupId);
}

export function holdsPrimary(machine: SimMachine, { primaryKey }: Group): boolean {
  return machine.keys.some(({ thumbprint }) => thumbprint === primaryKey?.thumbprint);
}
