// Groups and machines for the rules' tests, brought about by the domain's own functions. Under the shortest policy the numbers
// are easy: a key made on 1 January 2026 expires 90 days later, on 1 April, and its window opens on 15 February.
import { GROUP_DOCUMENT_ID } from '../../shared/domain/group.ts';
import type { Group, KeyReference, RenewalReason } from '../../shared/domain/group.ts';
import { acceptKey, applyTransition, newLease } from '../../shared/domain/group-transition.ts';
import { parseInstant } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { expectedKeyDeliveryStatus } from '../../shared/domain/key-delivery-status.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import {
  GRACE_MINUTES_MIN,
  graceMinutesMax,
  VALIDITY_MINUTES_MAX,
  VALIDITY_MINUTES_MIN,
} from '../../shared/domain/policy.ts';
import type { RenewalPolicy } from '../../shared/domain/policy.ts';

export const GROUP_ID = '0b6f1c1e-6a3c-4c55-9a52-6f0f8d5f3a10';
export const MACHINE_ID = 'f3a9d0a4-5a0f-4f5b-8a5e-3f1f0a4f9c21';
export const OTHER_MACHINE_ID = '5d1c8d8b-7c60-4f3a-bb0b-2f4d0c1f7e32';

/** An instant from text; a day stands for its midnight. */
export function at(text: string): Instant {
  const instant = parseInstant(text.includes('T') ? text : `${text}T00:00:00Z`);
  if (instant === null) throw new Error(`not an instant: ${text}`);
  return instant;
}

export function policy(validityMinutes: number, graceMinutes: number): RenewalPolicy {
  return { groupKeyValidityPeriod: validityMinutes, groupKeyExpiryGracePeriod: graceMinutes };
}

/** Ninety days, renewed forty-five days before their end. */
export const SHORTEST = policy(VALIDITY_MINUTES_MIN, GRACE_MINUTES_MIN);
/** Five years, renewed two and a half years before their end. */
export const LONGEST = policy(VALIDITY_MINUTES_MAX, graceMinutesMax(VALIDITY_MINUTES_MAX));

export const CREATED = at('2026-01-01');
export const OPENS = at('2026-02-15');
export const EXPIRES = at('2026-04-01');

export function emptyGroup(periods: RenewalPolicy = SHORTEST): Group {
  return {
    type: 'group',
    id: GROUP_DOCUMENT_ID,
    groupId: GROUP_ID,
    name: 'Invoices',
    description: '',
    status: 'NoKey',
    ...periods,
    keyCreationDate: null,
    keyExpiryDate: null,
    primaryKey: null,
    secondaryKey: null,
    renewal: null,
    issuerLease: null,
    passwordStale: false,
    passwordRevision: 0,
    passwordChangedDate: null,
    passwordChangedBy: null,
    createdDate: CREATED,
    nextActionOn: null,
  };
}

/** The group once a machine has taken the lease and issued the next key, both at `now`. */
export function issued(group: Group, now: Instant, machineId = MACHINE_ID): Group {
  const lease = newLease(group, machineId, `challenge-${now}`, now);
  const { version, notBefore, notAfter } = lease;
  const key: KeyReference = { version, thumbprint: `thumbprint-${version}`, notBefore, notAfter };
  return acceptKey({ ...group, issuerLease: lease }, lease, key, now);
}

/** Version 1 since {@link CREATED}. */
export function activeGroup(periods: RenewalPolicy = SHORTEST): Group {
  return issued(emptyGroup(periods), CREATED);
}

export function opened(group: Group, now: Instant, reason: RenewalReason = 'OperatorRequested'): Group {
  return applyTransition(group, { kind: 'openWindow', reason }, now);
}

/** Phases of a group whose window an operator opens on 1 February, so that it ends, on 18 March, before the old key does. */
export const phases = {
  noKey: emptyGroup(),
  active: activeGroup(),
  open: opened(activeGroup(), at('2026-02-01')),
  issued: issued(opened(activeGroup(), at('2026-02-01')), at('2026-02-01T06:00:00Z')),
  ended: applyTransition(
    issued(opened(activeGroup(), at('2026-02-01')), at('2026-02-01T06:00:00Z')),
    { kind: 'endWindow' },
    at('2026-03-18T06:00:00Z'),
  ),
  expired: applyTransition(activeGroup(), { kind: 'expire' }, EXPIRES),
};

export function machine(changes: Partial<Machine> = {}): Machine {
  return {
    type: 'machine',
    id: MACHINE_ID,
    groupId: GROUP_ID,
    name: 'invoices-07',
    membership: 'member',
    agentVersion: '3.0.0',
    identityKey: { kty: 'EC', crv: 'P-256', x: '', y: '' },
    enrollmentTokenId: 'token',
    admittedUntil: CREATED,
    keyDeliveryStatus: 'Default',
    keyVersion: 1,
    keyReceivedDate: CREATED,
    lastHeartbeatDate: CREATED,
    registeredDate: CREATED,
    challenge: null,
    removedDate: null,
    ...changes,
  };
}

/** A machine that has joined with an enrollment token and has proved nothing yet. */
export function joiner(changes: Partial<Machine> = {}): Machine {
  return machine({
    membership: 'joining',
    keyDeliveryStatus: null,
    keyVersion: null,
    keyReceivedDate: null,
    lastHeartbeatDate: null,
    registeredDate: null,
    ...changes,
  });
}

/** The machine once it has proved `version`. */
export function proved(before: Machine, group: Group, version: number, now: Instant): Machine {
  return {
    ...before,
    membership: 'member',
    keyVersion: version,
    keyReceivedDate: now,
    keyDeliveryStatus: expectedKeyDeliveryStatus({ keyVersion: version }, group, now),
  };
}
