// What a machine that checks in is to do: an ordered list of named policies over what was gathered. The first that
// applies decides, and its reason is shown as it is in logs, API and command line.
import type { CheckInPace } from './check-in-schedule.ts';
import type { Group, KeyReference } from './group.ts';
import { heldLease, LEASE_MINUTES } from './group-transition.ts';
import { addMinutes } from './instant.ts';
import type { Instant } from './instant.ts';
import type { Machine } from './machine.ts';
import { isGroupExpired, isWindowOpen, windowEnd } from './window.ts';

export interface CheckInInput {
  readonly now: Instant;
  readonly group: Group;
  readonly machine: Machine;
  /** By the version that the agent reports now. */
  readonly canRenew: boolean;
  readonly minimumAgentVersion: string;
  /** Versions whose private keys the agent says it holds; null where it was not asked. */
  readonly heldVersions: readonly number[] | null;
  /** The agent has the group password: it is joining, or a person asked it to rejoin. */
  readonly hasPassword: boolean;
}

export type PlannedAction =
  | { readonly action: 'issueKey'; readonly version: number }
  | {
      readonly action: 'fetchKey';
      readonly key: KeyReference;
      readonly opensWith: 'password' | 'outgoingKey';
    }
  | { readonly action: 'retireKey'; readonly version: number }
  | { readonly action: 'rejoin' }
  | { readonly action: 'updateAgent'; readonly minimumVersion: string }
  | { readonly action: 'wait' };

export interface CheckInPlan {
  readonly kind: 'proceed';
  /** The name of the policy that decided. */
  readonly policy: string;
  readonly reason: string;
  readonly actions: readonly PlannedAction[];
  readonly pace: CheckInPace;
}

/** The machine cannot be given what it came for; `code` is the problem's. */
export interface CheckInRefusal {
  readonly kind: 'refuse';
  readonly policy: string;
  readonly reason: string;
  readonly code: 'GroupKeyExpired' | 'GroupPasswordStale' | 'AgentOutdated';
}

export type CheckInDecision = CheckInPlan | CheckInRefusal;

interface CheckInPolicy {
  readonly name: string;
  /** Null when the policy has nothing to say. */
  readonly decide: (input: CheckInInput) => Outcome | null;
}

type Outcome =
  | { readonly refuse: CheckInRefusal['code']; readonly reason: string }
  | { readonly actions: readonly PlannedAction[]; readonly reason: string; readonly pace: CheckInPace };

/** The policies, in the order in which they are asked. */
export const CHECK_IN_POLICIES: readonly CheckInPolicy[] = [
  { name: 'GroupUnusable', decide: groupUnusable },
  { name: 'FirstKey', decide: firstKey },
  { name: 'AgentOutdated', decide: agentOutdated },
  { name: 'OpenWithPassword', decide: openWithPassword },
  { name: 'KeyLost', decide: keyLost },
  { name: 'IssueNewKey', decide: issueNewKey },
  { name: 'FetchNewKey', decide: fetchNewKey },
  { name: 'MissedWindow', decide: missedWindow },
  { name: 'RetireOldKeys', decide: retireOldKeys },
  { name: 'UpToDate', decide: upToDate },
];

export function decideCheckIn(input: CheckInInput): CheckInDecision {
  for (const { name, decide } of CHECK_IN_POLICIES) {
    const outcome = decide(input);
    if (outcome === null) continue;
    const { reason } = outcome;
    return 'refuse' in outcome
      ? { kind: 'refuse', policy: name, reason, code: outcome.refuse }
      : { kind: 'proceed', policy: name, reason, actions: outcome.actions, pace: outcome.pace };
  }
  throw new Error('the last policy applies to every check-in');
}

function groupUnusable({ group, now, hasPassword }: CheckInInput): Outcome | null {
  if (!isGroupExpired(group, now)) return null;
  const reason =
    'No machine issued a new key before the group’s certificate expired. The group cannot be used any more: ' +
    'delete it, create a new one and join the machines to that.';
  return hasPassword
    ? { refuse: 'GroupKeyExpired', reason }
    : { actions: [{ action: 'wait' }], reason, pace: 'idle' };
}

function firstKey(input: CheckInInput): Outcome | null {
  if (input.group.primaryKey !== null) return null;
  return mayIssue(input)
    ? {
        actions: [{ action: 'issueKey', version: 1 }],
        reason: 'The group has no key yet; the first machine to join makes it.',
        pace: 'joining',
      }
    : {
        actions: [{ action: 'wait' }],
        reason: 'Another machine is making the group’s first key.',
        pace: 'joining',
      };
}

function agentOutdated(input: CheckInInput): Outcome | null {
  const { group, machine, now, canRenew, minimumAgentVersion, hasPassword } = input;
  if (canRenew || machine.membership !== 'member') return null;
  const update = { action: 'updateAgent', minimumVersion: minimumAgentVersion } as const;
  const outdated = `Agent ${machine.agentVersion} cannot renew; ${minimumAgentVersion} or later can.`;
  if (hasPassword) return { refuse: 'AgentOutdated', reason: outdated };
  if (isCurrent(input)) return null;
  const end = windowEnd(group);
  return end !== null && isWindowOpen(group, now)
    ? { actions: [update], reason: `${outdated} Update it before ${end}.`, pace: 'steady' }
    : {
        actions: [update, { action: 'rejoin' }],
        reason: `${outdated} It missed the group’s renewal: update it, then rejoin.`,
        pace: 'idle',
      };
}

function openWithPassword({ group, hasPassword }: CheckInInput): Outcome | null {
  if (!hasPassword || group.primaryKey === null) return null;
  if (group.passwordStale) {
    return {
      refuse: 'GroupPasswordStale',
      reason:
        `The group’s key was renewed and its password does not open version ${group.primaryKey.version}. ` +
        'Regenerate the password on a machine that holds the new key, then use the new one.',
    };
  }
  return {
    actions: [{ action: 'fetchKey', key: group.primaryKey, opensWith: 'password' }],
    reason: `The group password opens the group’s key, version ${group.primaryKey.version}.`,
    pace: 'joining',
  };
}

/** A machine restored from an old backup, say: it proved the key once and cannot use it any more. */
function keyLost({ machine, heldVersions }: CheckInInput): Outcome | null {
  const { membership, keyVersion } = machine;
  if (membership !== 'member' || keyVersion === null || heldVersions === null) return null;
  if (heldVersions.includes(keyVersion)) return null;
  return {
    actions: [{ action: 'rejoin' }],
    reason:
      `This machine proved version ${keyVersion} before and does not hold it any more. Rejoin with the group ` +
      'password; if that is not known, regenerate it on another machine of the group.',
    pace: 'idle',
  };
}

function issueNewKey(input: CheckInInput): Outcome | null {
  const { group, machine, now } = input;
  if (!isWindowOpen(group, now) || group.renewal === null || group.renewal.keyIssuedOn !== null) return null;
  if (machine.keyVersion === null || machine.keyVersion !== group.primaryKey?.version) return null;
  const { version } = group.renewal;
  return mayIssue(input)
    ? {
        actions: [{ action: 'issueKey', version }],
        reason: `The renewal window is open and this is the first capable machine to connect: it makes version ${version}.`,
        pace: 'soon',
      }
    : {
        actions: [{ action: 'wait' }],
        reason: `Another machine is making version ${version}.`,
        pace: 'soon',
      };
}

function fetchNewKey({ group, machine, now }: CheckInInput): Outcome | null {
  const { primaryKey, secondaryKey } = group;
  if (!isWindowOpen(group, now) || primaryKey === null || secondaryKey === null) return null;
  if (machine.keyVersion !== secondaryKey.version) return null;
  return {
    actions: [{ action: 'fetchKey', key: primaryKey, opensWith: 'outgoingKey' }],
    reason: `The group’s new key, version ${primaryKey.version}, is ready to be picked up.`,
    pace: 'busy',
  };
}

function missedWindow(input: CheckInInput): Outcome | null {
  const { primaryKey } = input.group;
  if (isCurrent(input) || primaryKey === null) return null;
  if (input.heldVersions?.includes(primaryKey.version) && input.machine.keyVersion !== primaryKey.version) {
    return {
      actions: [{ action: 'fetchKey', key: primaryKey, opensWith: 'outgoingKey' }],
      reason: `It holds version ${primaryKey.version} and has yet to prove it.`,
      pace: 'busy',
    };
  }
  const held = input.machine.keyVersion ?? 'none';
  return {
    actions: [{ action: 'rejoin' }],
    reason:
      `This machine missed a renewal: it holds version ${held}, the group uses version ${input.group.primaryKey?.version}. ` +
      'Regenerate the group password on an up-to-date machine, then rejoin with it.',
    pace: 'idle',
  };
}

function retireOldKeys({ group, machine, now, heldVersions }: CheckInInput): Outcome | null {
  const { primaryKey } = group;
  if (isWindowOpen(group, now) || primaryKey === null || machine.membership !== 'member') return null;
  const outgoing = (heldVersions ?? []).filter((version) => version < primaryKey.version);
  if (outgoing.length === 0) return null;
  return {
    actions: outgoing.map((version) => ({ action: 'retireKey', version })),
    reason: `The renewal window has ended; only version ${primaryKey.version} is used from now on.`,
    pace: 'steady',
  };
}

function upToDate({ group }: CheckInInput): Outcome {
  const { primaryKey } = group;
  return {
    actions: [{ action: 'wait' }],
    reason: `Up to date with version ${primaryKey?.version}.`,
    pace: 'steady',
  };
}

/**
 * A machine whose lease on a renewal ran out lets the others go first, for as long again: one whose issuing always
 * fails must not keep the group from its key.
 */
function mayIssue({ group, machine, now }: CheckInInput): boolean {
  const held = heldLease(group, now);
  if (held !== null) return held.machineId === machine.id;
  const { issuerLease, primaryKey } = group;
  if (primaryKey === null || issuerLease?.machineId !== machine.id) return true;
  return now >= addMinutes(issuerLease.expiresOn, LEASE_MINUTES);
}

/** The machine has proved the group's newest key. Until a window's key exists, that is not enough to be done with it. */
function isCurrent({ group, machine, now }: CheckInInput): boolean {
  if (isWindowOpen(group, now)) return machine.keyVersion === group.renewal?.version;
  return machine.keyVersion !== null && machine.keyVersion === group.primaryKey?.version;
}
