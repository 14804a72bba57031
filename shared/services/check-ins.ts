// Check-ins: gather the machine and its group, decide what the machine is to do, and write what follows from that in one
// batch. A steady check-in is two point reads (one of them the caller's authentication) and no write.
import type { z } from 'zod';
import type { CheckInAction, checkInBody, CheckInAnswer } from '../api/check-in.ts';
import { Problem } from '../api/problem.ts';
import { newChallenge } from '../crypto/proof.ts';
import { agentCanRenew } from '../domain/agent-version.ts';
import { decideCheckIn } from '../domain/check-in.ts';
import type { CheckInPlan, PlannedAction } from '../domain/check-in.ts';
import { nextCheckInSeconds } from '../domain/check-in-schedule.ts';
import type { Group } from '../domain/group.ts';
import { heldLease, newLease } from '../domain/group-transition.ts';
import { addMinutes, addSeconds } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import { expectedKeyDeliveryStatus } from '../domain/key-delivery-status.ts';
import type { Machine } from '../domain/machine.ts';
import type { Stored, WriteOperation } from '../ports/document-store.ts';
import { untilNoConflict } from './contention.ts';
import { currentGroup } from './group-transitions.ts';
import { readCaller } from './machine-callers.ts';
import { statusChange } from './status-changes.ts';
import type { System } from './system.ts';

/** A machine's heartbeat is written once in so many steady check-ins, and at most once an hour: the others write nothing. */
const HEARTBEAT_PERIODS = 4;
const HEARTBEAT_SECONDS_MIN = 3600;
/** How long a machine has to answer a challenge, minutes. */
const CHALLENGE_MINUTES = 60;

type CheckInBody = z.output<typeof checkInBody>;

/** What the machine says of itself; it has not been asked for its keys where they are null. */
export interface Report extends Omit<CheckInBody, 'keys'> {
  readonly keys: CheckInBody['keys'] | null;
}

/**
 * @param caller the machine as its authentication read it.
 * @throws Problem `GroupDeleted`; when joining or rejoining also `GroupKeyExpired`, `GroupPasswordStale`, `AgentOutdated`.
 */
export function checkIn(system: System, caller: Stored<Machine>, report: Report): Promise<CheckInAnswer> {
  let authenticated: Stored<Machine> | null = caller;
  return untilNoConflict(async () => {
    const { groupId, id } = caller.document;
    const machine = authenticated ?? (await readCaller(system, groupId, id));
    authenticated = null;
    const group = await currentGroup(system, groupId);
    const now = system.clock.now();
    const plan = planCheckIn(system, machine.document, group.document, report, now);
    const next = consequences(system, plan, machine.document, group.document, report, now);
    await write(system, machine, group, next, now);
    return answer(system, plan, next, now);
  });
}

/** What the machine is to do. @throws Problem when it cannot be given what it came for. */
export function planCheckIn(
  system: System,
  machine: Machine,
  group: Group,
  report: Report,
  now: Instant,
): CheckInPlan {
  const { minimumAgentVersion } = system.settings;
  const decision = decideCheckIn({
    now,
    group,
    machine: { ...machine, agentVersion: report.agentVersion },
    canRenew: agentCanRenew(report.agentVersion, minimumAgentVersion),
    minimumAgentVersion,
    heldVersions: heldVersions(report, group),
    hasPassword: report.rejoin || machine.membership === 'joining',
  });
  if (decision.kind === 'refuse') throw new Problem(decision.code, decision.reason);
  return decision;
}

/** Versions that the machine holds; a key of another certificate than the group's is no version of its key. */
function heldVersions({ keys }: Report, { primaryKey, secondaryKey }: Group): number[] | null {
  if (keys === null) return null;
  const known = [primaryKey, secondaryKey].filter((key) => key !== null);
  const isForeign = (key: { version: number; thumbprint: string }): boolean =>
    known.some(({ version, thumbprint }) => version === key.version && thumbprint !== key.thumbprint);
  return keys.filter((key) => !isForeign(key)).map(({ version }) => version);
}

interface Consequences {
  readonly group: Group;
  readonly machine: Machine;
}

/** Group and machine as the plan leaves them: with the lease or the challenge that its actions need. */
function consequences(
  system: System,
  plan: CheckInPlan,
  machine: Machine,
  group: Group,
  report: Report,
  now: Instant,
): Consequences {
  const issues = plan.actions.some(({ action }) => action === 'issueKey');
  const fetched = plan.actions.find(({ action }) => action === 'fetchKey');
  const lease = issues
    ? (heldLease(group, now) ?? newLease(group, machine.id, newChallenge(), now))
    : group.issuerLease;
  return {
    group: lease === group.issuerLease ? group : { ...group, issuerLease: lease },
    machine: {
      ...machine,
      agentVersion: report.agentVersion,
      ...(machine.membership === 'member' && {
        keyDeliveryStatus: expectedKeyDeliveryStatus(machine, group, now),
        lastHeartbeatDate: heartbeat(system, machine, now),
      }),
      ...(fetched?.action === 'fetchKey' && { challenge: challengeFor(machine, fetched.key.version, now) }),
    },
  };
}

function heartbeat({ settings }: System, { lastHeartbeatDate }: Machine, now: Instant): Instant {
  const keptSeconds = Math.max(HEARTBEAT_SECONDS_MIN, HEARTBEAT_PERIODS * settings.steadyCheckInSeconds);
  const isRecent = lastHeartbeatDate !== null && now < addSeconds(lastHeartbeatDate, keptSeconds);
  return isRecent ? lastHeartbeatDate : now;
}

function challengeFor({ challenge }: Machine, version: number, now: Instant): Machine['challenge'] {
  const isGood = challenge !== null && challenge.version === version && now < challenge.expiresOn;
  return isGood
    ? challenge
    : { value: newChallenge(), version, expiresOn: addMinutes(now, CHALLENGE_MINUTES) };
}

async function write(
  system: System,
  machine: Stored<Machine>,
  group: Stored<Group>,
  next: Consequences,
  now: Instant,
): Promise<void> {
  const operations: WriteOperation[] = [];
  if (next.group !== group.document) {
    operations.push({ kind: 'replace', document: next.group, version: group.version });
  }
  // A lease is taken together with a write of its machine: one that is removed meanwhile gets none.
  if (operations.length > 0 || isChanged(machine.document, next.machine)) {
    operations.push({ kind: 'replace', document: next.machine, version: machine.version });
    const actor = { kind: 'machine', id: machine.document.id } as const;
    operations.push(...statusChange(machine.document, next.machine, group.document, actor, now));
  }
  if (operations.length > 0) await system.store.write(next.group.groupId, operations);
}

function isChanged(before: Machine, after: Machine): boolean {
  return (
    before.agentVersion !== after.agentVersion ||
    before.keyDeliveryStatus !== after.keyDeliveryStatus ||
    before.lastHeartbeatDate !== after.lastHeartbeatDate ||
    before.challenge !== after.challenge
  );
}

function answer(
  system: System,
  plan: CheckInPlan,
  { group, machine }: Consequences,
  now: Instant,
): CheckInAnswer {
  if (group.status === 'Deleted') throw new Error('a deleted group answers no check-in');
  const { renewal } = group;
  return {
    machineId: machine.id,
    groupId: group.groupId,
    keyDeliveryStatus: machine.keyDeliveryStatus,
    keyVersion: machine.keyVersion,
    group: {
      name: group.name,
      status: group.status,
      primaryKey: group.primaryKey,
      secondaryKey: group.secondaryKey,
      renewal: renewal && { version: renewal.version, startsOn: renewal.startsOn, endsOn: renewal.endsOn },
      passwordStale: group.passwordStale,
      passwordRevision: group.passwordRevision,
    },
    policy: plan.policy,
    reason: plan.reason,
    actions: plan.actions.map((planned) => actionOf(planned, group, machine)),
    nextCheckIn: {
      afterSeconds: nextCheckInSeconds(machine.id, plan.pace, system.settings.steadyCheckInSeconds, now),
    },
  };
}

function actionOf(planned: PlannedAction, group: Group, machine: Machine): CheckInAction {
  switch (planned.action) {
    case 'issueKey': {
      const lease = group.issuerLease;
      if (lease === null) throw new Error('whoever is to issue holds a lease');
      const { version, challenge, notBefore, notAfter, expiresOn } = lease;
      return { action: 'issueKey', version, challenge, notBefore, notAfter, leaseExpiresOn: expiresOn };
    }
    case 'fetchKey': {
      const { version, thumbprint } = planned.key;
      if (machine.challenge === null) throw new Error('whoever is to fetch is given a challenge');
      return {
        action: 'fetchKey',
        version,
        thumbprint,
        opensWith: planned.opensWith,
        challenge: machine.challenge.value,
      };
    }
    case 'retireKey':
    case 'rejoin':
    case 'updateAgent':
    case 'wait':
      return planned;
  }
}
