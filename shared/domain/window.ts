// When a group's renewal window opens and ends. Windows are half-open: `startsOn` is inside, `endsOn` is not.
import { addMinutes, addSeconds, earliest, latest, secondsBetween } from './instant.ts';
import type { Instant } from './instant.ts';
import type { Group, IssuerLease, KeyReference, Renewal, RenewalReason } from './group.ts';

/**
 * When the next window opens by the group's present policy: `min(keyCreationDate + validity, keyExpiryDate) - grace`.
 * May lie in the past after a change of policy. Null while there is no key.
 */
export function nextRenewalDate(
  group: Pick<
    Group,
    'keyCreationDate' | 'keyExpiryDate' | 'groupKeyValidityPeriod' | 'groupKeyExpiryGracePeriod'
  >,
): Instant | null {
  if (group.keyCreationDate === null || group.keyExpiryDate === null) return null;
  const endOfLife = earliest(
    addMinutes(group.keyCreationDate, group.groupKeyValidityPeriod),
    group.keyExpiryDate,
  );
  return addMinutes(endOfLife, -group.groupKeyExpiryGracePeriod);
}

/** Why a window that opens at `now` without an operator's request does: the key's own expiry, or the policy. */
export function renewalReason(group: Group, now: Instant): RenewalReason {
  return group.keyExpiryDate !== null &&
    addMinutes(group.keyExpiryDate, -group.groupKeyExpiryGracePeriod) <= now
    ? 'KeyNearsExpiry'
    : 'PolicyChanged';
}

/** The window that opens at `now` for a group with a primary key. */
export function newRenewal(
  group: Group & { primaryKey: KeyReference },
  now: Instant,
  reason: RenewalReason,
): Renewal {
  return {
    version: group.primaryKey.version + 1,
    reason,
    startsOn: now,
    endsOn: earliest(addMinutes(now, group.groupKeyExpiryGracePeriod), group.primaryKey.notAfter),
    gracePeriod: group.groupKeyExpiryGracePeriod,
    keyIssuedOn: null,
    issuedByMachineId: null,
  };
}

/**
 * `endsOn` once the key has been issued: the whole grace period from then on, as far as the outgoing certificate allows. Of
 * the new key's own life a window takes half at most, even where the validity was shortened since it opened:
 * the new key has a renewal of its own to come.
 */
export function endsOnAfterIssue(
  renewal: Renewal,
  keyIssuedOn: Instant,
  outgoing: KeyReference,
  lease: IssuerLease,
): Instant {
  const byRule = latest(renewal.endsOn, addMinutes(keyIssuedOn, renewal.gracePeriod));
  const halfLife = addSeconds(keyIssuedOn, secondsBetween(lease.takenOn, lease.notAfter) / 2);
  return earliest(byRule, outgoing.notAfter, halfLife);
}

/**
 * When the open window really ends: at `endsOn` once its key has been issued; until then not before the present key
 * expires. Null when no window is open.
 */
export function windowEnd(group: Group): Instant | null {
  const { renewal, primaryKey } = group;
  if (group.status !== 'Renewing' || renewal === null || primaryKey === null) return null;
  return renewal.keyIssuedOn === null ? primaryKey.notAfter : renewal.endsOn;
}

export function isWindowOpen(group: Group, now: Instant): boolean {
  const end = windowEnd(group);
  return end !== null && now < end;
}

/** Whether the group's keys are past use at `now`, whether or not that has been written down yet. */
export function isGroupExpired(group: Group, now: Instant): boolean {
  if (group.status === 'KeyExpired') return true;
  if (group.primaryKey === null) return false;
  return now >= group.primaryKey.notAfter;
}
