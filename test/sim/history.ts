// Histories: what people, machines and weather do to a world, as plain data. The n-th action of a seed is always the same,
// whatever became of those before it: so any part of a history can be left out, and the rest replayed.
import { Chance } from './chance.ts';
import { NO_FAULTS } from './faults.ts';
import type { FaultProfile, Outage } from './faults.ts';
import { LIES } from './liar.ts';
import type { LieKind } from './liar.ts';

export interface Policy {
  readonly validityMinutes: number;
  readonly graceMinutes: number;
}

export type Action =
  | { readonly do: 'wait'; readonly seconds: number }
  /** Waits until so long after the group is next to be looked at, if that is within two years. */
  | { readonly do: 'edge'; readonly group: number; readonly offsetSeconds: number }
  | { readonly do: 'createGroup'; readonly group: number; readonly policy: Policy }
  | { readonly do: 'join'; readonly machine: number; readonly group: number }
  | { readonly do: 'power'; readonly machines: readonly number[]; readonly on: boolean }
  | { readonly do: 'kill'; readonly machine: number; readonly gates: number; readonly restart: boolean }
  /** Kills the next daemon that is asked to do it, so many gates after it was asked. */
  | {
      readonly do: 'ambush';
      readonly asked: 'issueKey' | 'fetchKey';
      readonly gates: number;
      readonly restart: boolean;
    }
  | { readonly do: 'killService'; readonly instance: number; readonly gates: number }
  | { readonly do: 'checkIn' | 'rejoin' | 'regenerate' | 'leave' | 'remove'; readonly machine: number }
  | { readonly do: 'wipe' | 'backup' | 'restore'; readonly machine: number }
  | { readonly do: 'clone'; readonly machine: number; readonly onto: number }
  | { readonly do: 'version'; readonly machine: number; readonly capable: boolean }
  | {
      readonly do: 'clock';
      readonly machine: number;
      readonly offsetSeconds: number;
      readonly minutes: number;
    }
  | { readonly do: 'skew'; readonly instance: number; readonly seconds: number }
  | { readonly do: 'policy'; readonly group: number; readonly policy: Policy }
  | { readonly do: 'renew' | 'deleteGroup'; readonly group: number }
  | { readonly do: 'weather'; readonly profile: FaultProfile; readonly minutes: number }
  | { readonly do: 'outage'; readonly what: Outage; readonly minutes: number }
  /** A defect keeps some changes from being handled; once it is mended, people have them tried anew. */
  | { readonly do: 'poison'; readonly minutes: number }
  | { readonly do: 'skipScans' | 'delayFeed'; readonly minutes: number }
  | { readonly do: 'lie'; readonly machine: number; readonly kind: LieKind; readonly minutes: number };

/** What a seed decides before anything happens. */
export interface Setting {
  readonly groups: number;
  readonly machines: number;
  readonly steadyCheckInSeconds: number;
  /** Nothing fails in this world: everything must go by itself. */
  readonly isCalm: boolean;
}

export function settingOf(seed: number): Setting {
  const chance = new Chance(seed, 0);
  return {
    groups: chance.integer(1, 2),
    machines: chance.integer(2, 6),
    steadyCheckInSeconds: chance.pick([43_200, 86_400, 259_200]),
    isCalm: chance.percent(20),
  };
}

/** The seed's action of this number, from 0: first the groups, then a machine each, then anything. */
export function actionOf(seed: number, number: number): Action {
  const setting = settingOf(seed);
  const chance = new Chance(seed, 1, number);
  if (number < setting.groups) return { do: 'createGroup', group: number, policy: anyPolicy(chance) };
  const machine = number - setting.groups;
  if (machine < setting.machines) return { do: 'join', machine, group: machine % setting.groups };
  if (chance.percent(55)) return time(chance, setting);
  return chance.percent(setting.isCalm ? 100 : 45) ? people(chance, setting) : trouble(chance, setting);
}

function anyPolicy(chance: Chance): Policy {
  const validityMinutes = chance.pick([129_600, 200_000, 262_800, 525_600, 1_051_200, 2_628_000]);
  const graceMax = Math.floor(validityMinutes / 2);
  return { validityMinutes, graceMinutes: chance.pick([64_800, graceMax, chance.integer(64_800, graceMax)]) };
}

function time(chance: Chance, { groups }: Setting): Action {
  const kind = chance.integer(1, 10);
  if (kind <= 3) return { do: 'wait', seconds: chance.integer(1, 900) };
  if (kind <= 5) return { do: 'wait', seconds: chance.integer(3_600, 172_800) };
  if (kind <= 7) return { do: 'wait', seconds: chance.integer(3, 40) * 86_400 };
  const offsetSeconds = chance.pick([-400, -2, -1, 0, 1, 2, 290, 1_800, 90_000]);
  return { do: 'edge', group: chance.integer(0, groups - 1), offsetSeconds };
}

function people(chance: Chance, { machines, groups, isCalm }: Setting): Action {
  const machine = chance.integer(0, machines - 1);
  const group = chance.integer(0, groups - 1);
  const some = Array.from({ length: machines }, (_, index) => index).filter(() => chance.percent(60));
  const actions: readonly (() => Action)[] = [
    () => ({ do: 'power', machines: some, on: true }),
    () => ({ do: 'power', machines: some, on: true }),
    () => ({ do: 'power', machines: [machine], on: false }),
    () => ({ do: 'join', machine, group }),
    () => ({ do: 'checkIn', machine }),
    () => ({ do: 'rejoin', machine }),
    () => ({ do: 'regenerate', machine }),
    () => ({ do: 'policy', group, policy: anyPolicy(chance) }),
    () => ({ do: 'renew', group }),
    () => ({ do: 'version', machine, capable: chance.percent(70) }),
    () => (isCalm ? { do: 'checkIn', machine } : { do: 'remove', machine }),
    () => (chance.percent(70) ? { do: 'rejoin', machine } : { do: 'leave', machine }),
    () => (chance.percent(75) ? { do: 'renew', group } : { do: 'deleteGroup', group }),
    () => ({ do: 'createGroup', group, policy: anyPolicy(chance) }),
  ];
  return chance.pick(actions)();
}

function trouble(chance: Chance, { machines }: Setting): Action {
  const machine = chance.integer(0, machines - 1);
  const instance = chance.integer(0, 1);
  const gates = chance.integer(0, chance.pick([3, 12, 60]));
  const minutes = chance.pick([5, 60, 600, 3_000]);
  const actions: readonly (() => Action)[] = [
    () => ({ do: 'weather', profile: anyProfile(chance), minutes }),
    () => ({ do: 'weather', profile: anyProfile(chance), minutes }),
    () => ({ do: 'weather', profile: anyProfile(chance), minutes: 86_400 }),
    () => ({
      do: 'outage',
      what: chance.pick(['storeDown', 'vaultDown', 'queueDown']),
      minutes: Math.min(minutes, 600),
    }),
    () => ({ do: 'poison', minutes }),
    () => ({ do: 'kill', machine, gates, restart: true }),
    () => ({ do: 'kill', machine, gates, restart: false }),
    () => ({ do: 'ambush', asked: 'issueKey', gates: chance.integer(0, 12), restart: chance.percent(40) }),
    () => ({ do: 'ambush', asked: 'fetchKey', gates: chance.integer(0, 20), restart: chance.percent(70) }),
    () => ({ do: 'killService', instance, gates }),
    () => ({ do: 'killService', instance, gates }),
    () => ({ do: 'skew', instance, seconds: chance.integer(-60, 60) }),
    () => ({
      do: 'clock',
      machine,
      offsetSeconds: chance.pick([-50, -30, 30, 50, -3_600, 86_400, -4e7]),
      minutes: Math.min(minutes, 600),
    }),
    () => ({ do: 'skipScans', minutes }),
    () => ({ do: 'delayFeed', minutes }),
    () => ({ do: 'lie', machine, kind: chance.pick(LIES), minutes: chance.pick([14_400, 43_200]) }),
    () => ({ do: 'backup', machine }),
    () => ({ do: chance.percent(50) ? 'wipe' : 'restore', machine }),
    () => ({ do: 'clone', machine, onto: chance.integer(0, machines - 1) }),
  ];
  return chance.pick(actions)();
}

/** Some faults, none of them so often that nothing gets through. */
function anyProfile(chance: Chance): FaultProfile {
  const entries = Object.keys(NO_FAULTS).map(
    (kind) => [kind, chance.percent(50) ? chance.pick([1, 5, 20]) : 0] as const,
  );
  return Object.fromEntries(entries) as unknown as FaultProfile;
}
