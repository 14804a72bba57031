// What each action of a history does to a world.
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { join } from '../../cli/agent/join.ts';
import { leave } from '../../cli/agent/leave.ts';
import { regeneratePassword } from '../../cli/agent/regenerate-password.ts';
import { rejoin } from '../../cli/agent/rejoin.ts';
import type { Agent } from '../../cli/agent/agent.ts';
import type { Group } from '../../shared/domain/group.ts';
import type { Action, Policy } from './history.ts';
import { CAPABLE_VERSION, OUTDATED_VERSION } from './machine.ts';
import type { SimMachine } from './machine.ts';
import { passwordOf, redrive } from './people.ts';
import { PERSON_TOKEN, SERVER } from './service.ts';
import { checkRest } from './rest.ts';
import type { World } from './world.ts';

const EDGE_SECONDS_MAX = 2 * 365 * 86_400;
const LOOK_SECONDS = 3 * 86_400;

type Doing<D extends Action['do']> = Extract<Action, { readonly do: D }>;

/** Does one action; time goes on by those that wait. */
export async function perform(world: World, action: Action): Promise<void> {
  if (action.do === 'wait') return waitAndLook(world, action.seconds);
  if (action.do === 'edge') return waitForEdge(world, action);
  disturb(world, action);
  // Whatever was begun begins.
  return world.wait(1);
}

async function waitForEdge(world: World, { group, offsetSeconds }: Doing<'edge'>): Promise<void> {
  const next = world.group(group)?.nextActionOn;
  if (!next) return;
  const seconds = (Date.parse(next) - world.scheduler.now) / 1000 + offsetSeconds;
  if (seconds <= EDGE_SECONDS_MAX) await waitAndLook(world, seconds);
}

/** Lets time go on, and looks every few days whether all is well. */
async function waitAndLook(world: World, seconds: number): Promise<void> {
  for (let left = seconds; left > 0 && world.violation === null; left -= LOOK_SECONDS) {
    await world.wait(Math.min(left, LOOK_SECONDS));
    checkRest(world);
  }
}

/** What keeps nothing from going its way. */
const HARMLESS: ReadonlySet<Action['do']> = new Set<Action['do']>([
  'checkIn',
  'rejoin',
  'regenerate',
  'createGroup',
  'renew',
  'backup',
]);

type Disturbance = Exclude<Action, Doing<'wait' | 'edge'>>;
type MachineAction = Extract<Disturbance, { readonly machine: number }>;

function disturb(world: World, action: Disturbance): void {
  const until = world.scheduler.now + ('minutes' in action ? action.minutes * 60_000 : 0);
  if (!HARMLESS.has(action.do)) world.quietSince = Math.max(world.quietSince, until);
  if ('machine' in action) toMachine(world, world.machine(action.machine), action);
  else toWorld(world, action, until);
}

function toWorld(world: World, action: Exclude<Disturbance, MachineAction>, until: number): void {
  switch (action.do) {
    case 'createGroup':
      return createGroup(world, action);
    case 'policy':
    case 'renew':
    case 'deleteGroup':
      return changeGroup(world, action);
    case 'weather':
      world.weather.profile = action.profile;
      world.weather.until = until;
      return undefined;
    case 'outage':
      world.weather[`${action.what}Until`] = until;
      return undefined;
    case 'poison':
      world.weather.poisonUntil = until;
      world.after(action.minutes * 60, () => redrive(world));
      return undefined;
    case 'skipScans':
      world.host.scansSkippedUntil = until;
      return undefined;
    case 'delayFeed':
      world.host.feedDelayedUntil = until;
      return undefined;
    case 'ambush':
      world.ambush = action;
      return undefined;
    case 'killService':
      return world.service.kill(action.instance, action.gates);
    case 'skew':
      return world.service.setSkew(action.instance, action.seconds * 1000);
    case 'power':
      for (const index of action.machines) {
        if (action.on && world.machine(index).record !== null) world.machine(index).powerOn();
        else if (!action.on) world.machine(index).powerOff();
      }
      return undefined;
  }
}

function toMachine(world: World, machine: SimMachine, action: MachineAction): void {
  switch (action.do) {
    case 'join':
      return joinGroup(world, machine, action.group);
    case 'checkIn':
      return machine.command((agent) => checkInOnce(agent));
    case 'rejoin':
      return rejoinGroup(world, machine);
    case 'regenerate':
      return regenerate(world, machine);
    case 'leave':
      return leaveGroup(machine);
    case 'remove':
      return removeMachine(world, machine);
    case 'kill':
      return killMachine(machine, action);
    case 'version':
      machine.version = action.capable ? CAPABLE_VERSION : OUTDATED_VERSION;
      // An agent is replaced by starting another.
      machine.powerOff();
      if (machine.record !== null) machine.powerOn();
      return undefined;
    case 'clock':
      machine.clockOffsetMilliseconds = action.offsetSeconds * 1000;
      world.after(action.minutes * 60, () => {
        machine.clockOffsetMilliseconds = 0;
      });
      return undefined;
    case 'lie':
      return lieTo(world, machine, action);
    case 'wipe':
    case 'backup':
    case 'restore':
    case 'clone':
      return meddle(world, machine, action);
  }
}

function createGroup(world: World, { group: place, policy }: Doing<'createGroup'>): void {
  const present = world.group(place);
  if (present !== null && present.status !== 'Deleted' && present.status !== 'KeyExpired') return;
  world.person(async (client) => {
    const { id } = await client.call('createGroup', {
      body: { name: `Line ${place}`, ...toPeriods(policy) },
      token: PERSON_TOKEN,
    });
    world.groups[place % world.groups.length] = id;
  });
}

function toPeriods({ validityMinutes, graceMinutes }: Policy) {
  return { groupKeyValidityPeriod: validityMinutes, groupKeyExpiryGracePeriod: graceMinutes };
}

function changeGroup(world: World, action: Doing<'policy'> | Doing<'renew' | 'deleteGroup'>): void {
  const groupId = world.group(action.group)?.groupId;
  if (groupId === undefined) return;
  const call = { params: { groupId }, token: PERSON_TOKEN };
  world.person((client) => {
    if (action.do === 'policy')
      return client.call('updateGroup', { ...call, body: toPeriods(action.policy) });
    return client.call(action.do === 'renew' ? 'openRenewal' : 'deleteGroup', call);
  });
}

/** Whoever is in a group that is gone leaves it first; the daemon runs from then on. */
export function joinGroup(world: World, machine: SimMachine, place: number): void {
  const group = world.group(place);
  if (group === null) return;
  const { groupId } = group;
  machine.command(async (agent) => {
    if (machine.record !== null && isGone(world, machine)) await leaveByForce(machine, agent);
    const { token } = await world.client().call('createEnrollmentToken', {
      params: { groupId },
      body: { uses: 3, lifetimeMinutes: 1_440 },
      token: PERSON_TOKEN,
    });
    const password = passwordOf(world, groupId);
    await join(agent, { server: SERVER, enrollmentToken: token, name: `bot-${machine.index}`, password });
    world.counts.joins += 1;
    machine.powerOn();
  });
}

function isGone(world: World, machine: SimMachine): boolean {
  const { record } = machine;
  const group = record && world.store.read<Group>(record.groupId, 'group')?.document;
  const isUnusable = group?.status === 'Deleted' || group?.status === 'KeyExpired';
  return isUnusable || world.member(machine)?.membership === 'removed';
}

async function leaveByForce(machine: SimMachine, agent: Agent): Promise<void> {
  machine.isLeaving = true;
  machine.powerOff();
  await leave(agent, true);
  machine.isLeaving = false;
  machine.isTampered = false;
}

function leaveGroup(machine: SimMachine): void {
  const { record } = machine;
  if (record === null) return;
  machine.isLeaving = true;
  machine.powerOff();
  machine.command(async (agent) => {
    await leave(agent, false).finally(() => (machine.isLeaving = false));
    machine.isTampered = false;
  });
}

function removeMachine(world: World, { record }: SimMachine): void {
  if (record === null) return;
  const { groupId, machineId } = record;
  world.person((client) =>
    client.call('removeMachine', { params: { groupId, machineId }, token: PERSON_TOKEN }),
  );
}

export function rejoinGroup(world: World, machine: SimMachine): void {
  const { record } = machine;
  if (record === null) return;
  machine.command(async (agent) => {
    await rejoin(agent, passwordOf(world, record.groupId));
    world.counts.rejoins += 1;
  });
}

export function regenerate(world: World, machine: SimMachine): void {
  const { record } = machine;
  if (record !== null)
    machine.command((agent) => regeneratePassword(agent, passwordOf(world, record.groupId)));
}

/** The process dies after so many gates more. */
function killMachine(machine: SimMachine, { gates, restart }: Doing<'kill'>): void {
  const { daemon } = machine;
  if (daemon === null || !machine.isOn) return;
  daemon.gatesLeft = gates;
  if (restart) daemon.onDeath.add(() => machine.powerOn());
}

function lieTo(world: World, machine: SimMachine, { kind, minutes }: Doing<'lie'>): void {
  machine.lie = kind;
  world.after(minutes * 60, () => {
    machine.lie = null;
  });
}

function meddle(
  world: World,
  machine: SimMachine,
  action: Doing<'wipe' | 'backup' | 'restore'> | Doing<'clone'>,
): void {
  const { record } = machine;
  if (action.do === 'backup') {
    machine.backup = new Map(machine.texts);
    return;
  }
  const target = action.do === 'clone' ? world.machine(action.onto) : machine;
  if (action.do === 'clone' && (target === machine || record === null)) return;
  if (action.do === 'restore' && machine.backup === null) return;
  target.powerOff();
  target.isTampered = action.do !== 'wipe';
  if (action.do === 'wipe') target.texts = new Map();
  if (action.do === 'restore') target.texts = new Map(machine.backup);
  if (action.do === 'clone') {
    machine.isTampered = true;
    target.texts = new Map(machine.texts);
  }
  if (target.record !== null) target.powerOn();
}
