// How a group goes from one status to the next: NoKey → Active → Renewing → Active, or → KeyExpired.
// Each function returns the whole next document; whether a transition is due is asked of `dueTransition`.
import type { Group, IssuerLease, KeyReference, RenewalReason } from './group.ts';
import { addMinutes } from './instant.ts';
import type { Instant } from './instant.ts';
import {
  endsOnAfterIssue,
  isGroupExpired,
  newRenewal,
  nextRenewalDate,
  renewalReason,
  windowEnd,
} from './window.ts';

export type GroupTransition =
  | { readonly kind: 'openWindow'; readonly reason: RenewalReason }
  | { readonly kind: 'endWindow' }
  | { readonly kind: 'expire' };

/** What time alone makes due at `now`; null when nothing is. */
export function dueTransition(group: Group, now: Instant): GroupTransition | null {
  if (group.status !== 'Active' && group.status !== 'Renewing') return null;
  if (isGroupExpired(group, now)) return { kind: 'expire' };
  if (group.status === 'Renewing') {
    const end = windowEnd(group);
    return end !== null && now >= end ? { kind: 'endWindow' } : null;
  }
  const opensOn = nextRenewalDate(group);
  return opensOn !== null && now >= opensOn
    ? { kind: 'openWindow', reason: renewalReason(group, now) }
    : null;
}

/** The group after a transition that was due, or that an operator asked for. */
export function applyTransition(group: Group, transition: GroupTransition, now: Instant): Group {
  switch (transition.kind) {
    case 'openWindow':
      return openWindow(group, now, transition.reason);
    case 'endWindow':
      return scheduled({ ...group, status: 'Active', secondaryKey: null, renewal: null, issuerLease: null });
    case 'expire':
      return scheduled({
        ...group,
        status: 'KeyExpired',
        secondaryKey: null,
        renewal: null,
        issuerLease: null,
      });
  }
}

function openWindow(group: Group, now: Instant, reason: RenewalReason): Group {
  const { primaryKey } = group;
  if (group.status !== 'Active' || primaryKey === null) {
    throw new Error(`a window opens on an active group, not on one that is ${group.status}`);
  }
  return scheduled({
    ...group,
    status: 'Renewing',
    renewal: newRenewal({ ...group, primaryKey }, now, reason),
  });
}

/** The group once the holder of `lease` has issued the key: version 1 makes it active, a later one becomes primary. */
export function acceptKey(group: Group, lease: IssuerLease, key: KeyReference, now: Instant): Group {
  const accepted = {
    ...group,
    primaryKey: key,
    keyCreationDate: lease.takenOn,
    keyExpiryDate: key.notAfter,
    issuerLease: null,
  };
  if (group.primaryKey === null) {
    return scheduled({
      ...accepted,
      status: 'Active',
      passwordStale: false,
      passwordRevision: 1,
      passwordChangedDate: now,
      passwordChangedBy: lease.machineId,
    });
  }
  if (group.renewal === null) throw new Error('a key is accepted only in an open window');
  const endsOn = endsOnAfterIssue(group.renewal, now, group.primaryKey, lease);
  return scheduled({
    ...accepted,
    secondaryKey: group.primaryKey,
    renewal: { ...group.renewal, endsOn, keyIssuedOn: now, issuedByMachineId: lease.machineId },
    passwordStale: true,
  });
}

/** The group with `nextActionOn` as its status and policy set it. */
export function scheduled(group: Group): Group {
  switch (group.status) {
    case 'Active':
      return { ...group, nextActionOn: nextRenewalDate(group) };
    case 'Renewing':
      return { ...group, nextActionOn: windowEnd(group) };
    case 'NoKey':
    case 'KeyExpired':
    case 'Deleted':
      return { ...group, nextActionOn: null };
  }
}

/** How long an issuer has to make and send the key, minutes, before another machine may take over. */
export const LEASE_MINUTES = 10;
/** Certificates begin this long before they are made, for machines whose clocks are behind, minutes. */
export const BACKDATED_MINUTES = 5;

/** A lease taken at `now` on the next version of the group's key, valid as the present policy says. */
export function newLease(group: Group, machineId: string, challenge: string, now: Instant): IssuerLease {
  return {
    machineId,
    version: (group.primaryKey?.version ?? 0) + 1,
    challenge,
    takenOn: now,
    expiresOn: addMinutes(now, LEASE_MINUTES),
    notBefore: addMinutes(now, -BACKDATED_MINUTES),
    notAfter: addMinutes(now, group.groupKeyValidityPeriod),
  };
}

/** The lease of whoever may issue at `now`; null when it is free to take. */
export function heldLease(group: Group, now: Instant): IssuerLease | null {
  return group.issuerLease !== null && now < group.issuerLease.expiresOn ? group.issuerLease : null;
}
