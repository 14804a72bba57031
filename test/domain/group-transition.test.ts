import { describe, expect, it } from 'vitest';
import type { Group } from '../../shared/domain/group.ts';
import { applyTransition, dueTransition, scheduled } from '../../shared/domain/group-transition.ts';
import { nextRenewalDate, windowEnd } from '../../shared/domain/window.ts';
import {
  activeGroup,
  at,
  CREATED,
  emptyGroup,
  EXPIRES,
  issued,
  LONGEST,
  MACHINE_ID,
  opened,
  OPENS,
  OTHER_MACHINE_ID,
  phases,
  policy,
  SHORTEST,
} from './fixtures.ts';

const DEFAULT = policy(2_628_000, 262_800);
const NEARS_EXPIRY = { kind: 'openWindow', reason: 'KeyNearsExpiry' };
const POLICY_CHANGED = { kind: 'openWindow', reason: 'PolicyChanged' };
const END = { kind: 'endWindow' };
const EXPIRE = { kind: 'expire' };

describe('what time alone makes due', () => {
  it.each<[string, Group, string, object | null]>([
    ['nothing on a fresh key', phases.active, '2026-01-01T00:00:00Z', null],
    ['nothing a second before the window', phases.active, '2026-02-14T23:59:59Z', null],
    ['the window, on time', phases.active, '2026-02-15T00:00:00Z', NEARS_EXPIRY],
    ['the window, a second later', phases.active, '2026-02-15T00:00:01Z', NEARS_EXPIRY],
    ['the window, when the scan was late by weeks', phases.active, '2026-03-31T23:59:59Z', NEARS_EXPIRY],
    ['expiry, when nobody scanned all window long', phases.active, '2026-04-01T00:00:00Z', EXPIRE],
    ['expiry, when nobody scanned for years', phases.active, '2029-01-01T00:00:00Z', EXPIRE],
    ['nothing while an open window has no key', phases.open, '2026-03-18T00:00:00Z', null],
    [
      'nothing a second before the old key expires without a new one',
      phases.open,
      '2026-03-31T23:59:59Z',
      null,
    ],
    ['expiry, when a window got no key', phases.open, '2026-04-01T00:00:00Z', EXPIRE],
    ['nothing a second before a window with a key ends', phases.issued, '2026-03-18T05:59:59Z', null],
    ['the end of a window with a key', phases.issued, '2026-03-18T06:00:00Z', END],
    ['the end, a second later', phases.issued, '2026-03-18T06:00:01Z', END],
    ['the end, after the old key’s expiry', phases.issued, '2026-04-01T00:00:00Z', END],
    ['nothing on a group without a key', phases.noKey, '2099-01-01T00:00:00Z', null],
    ['nothing on an expired group', phases.expired, '2099-01-01T00:00:00Z', null],
    ['nothing on a deleted group', { ...phases.active, status: 'Deleted' }, '2099-01-01T00:00:00Z', null],
  ])('is %s', (_, group, now, expected) => {
    expect(dueTransition(group, at(now))).toEqual(expected);
  });

  it.each<[string, Group, string, object | null]>([
    ['a shorter validity, a second before', shortened(activeGroup(DEFAULT)), '2026-02-14T23:59:59Z', null],
    ['a shorter validity', shortened(activeGroup(DEFAULT)), '2026-02-15T00:00:00Z', POLICY_CHANGED],
    [
      'a shorter validity that makes the key overdue',
      shortened(activeGroup(DEFAULT)),
      '2027-01-01T00:00:00Z',
      POLICY_CHANGED,
    ],
    [
      'a longer validity, a second before the key’s own expiry asks',
      { ...activeGroup(), groupKeyValidityPeriod: 2_628_000 },
      '2026-02-14T23:59:59Z',
      null,
    ],
    [
      'a longer validity: the key renews by its own expiry',
      { ...activeGroup(), groupKeyValidityPeriod: 2_628_000 },
      '2026-02-15T00:00:00Z',
      NEARS_EXPIRY,
    ],
    [
      'a longer grace, a second before',
      { ...activeGroup(DEFAULT), ...LONGEST },
      '2028-07-01T11:59:59Z',
      null,
    ],
    ['a longer grace', { ...activeGroup(DEFAULT), ...LONGEST }, '2028-07-01T12:00:00Z', NEARS_EXPIRY],
    [
      'a grace longer than the key’s whole life',
      { ...activeGroup(), ...LONGEST },
      '2026-01-01T00:00:00Z',
      NEARS_EXPIRY,
    ],
  ])('follows the present policy: %s', (_, group, now, expected) => {
    expect(dueTransition(group, at(now))).toEqual(expected);
  });
});

describe('a window that opens', () => {
  it.each([
    ['on time', '2026-02-15T00:00:00Z', '2026-04-01T00:00:00Z'],
    ['late', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'],
    ['early, at an operator’s request', '2026-01-01T00:00:01Z', '2026-02-15T00:00:01Z'],
  ])('%s is for the next version, and leaves the present key where it is', (_, startsOn, endsOn) => {
    expect(opened(phases.active, at(startsOn), 'OperatorRequested')).toEqual({
      ...phases.active,
      status: 'Renewing',
      renewal: {
        version: 2,
        reason: 'OperatorRequested',
        startsOn,
        endsOn,
        gracePeriod: 64_800,
        keyIssuedOn: null,
        issuedByMachineId: null,
      },
      nextActionOn: EXPIRES,
    });
  });

  it.each(['noKey', 'open', 'issued', 'expired'] as const)('opens on no group that is %s', (phase) => {
    expect(() => opened(phases[phase], at('2026-02-01'))).toThrow(Error);
  });
});

describe('a key that is accepted', () => {
  it('makes a new group active, with the password of the machine that made it', () => {
    const group = issued(emptyGroup(), CREATED);
    expect(group).toEqual({
      ...emptyGroup(),
      status: 'Active',
      primaryKey: {
        version: 1,
        thumbprint: 'thumbprint-1',
        notBefore: at('2025-12-31T23:55:00Z'),
        notAfter: EXPIRES,
      },
      keyCreationDate: CREATED,
      keyExpiryDate: EXPIRES,
      passwordRevision: 1,
      passwordChangedDate: CREATED,
      passwordChangedBy: MACHINE_ID,
      nextActionOn: OPENS,
    });
  });

  it('makes the present key the outgoing one until the window ends, and the password stale', () => {
    const now = at('2026-02-01T06:00:00Z');
    const group = issued(phases.open, now, OTHER_MACHINE_ID);
    expect(group).toEqual({
      ...phases.open,
      status: 'Renewing',
      primaryKey: {
        version: 2,
        thumbprint: 'thumbprint-2',
        notBefore: at('2026-02-01T05:55:00Z'),
        notAfter: at('2026-05-02T06:00:00Z'),
      },
      secondaryKey: phases.active.primaryKey,
      keyCreationDate: now,
      keyExpiryDate: at('2026-05-02T06:00:00Z'),
      renewal: {
        ...phases.open.renewal,
        endsOn: at('2026-03-18T06:00:00Z'),
        keyIssuedOn: now,
        issuedByMachineId: OTHER_MACHINE_ID,
      },
      passwordStale: true,
      nextActionOn: at('2026-03-18T06:00:00Z'),
    });
  });

  it('is accepted in an open window alone', () => {
    expect(() => issued(phases.active, at('2026-02-01'))).toThrow(Error);
    expect(() => issued(phases.issued, at('2026-04-02'))).not.toThrow();
  });
});

it('a window’s end leaves the new key alone, the password as it is, and the next renewal by the new key', () => {
  const before = { ...phases.issued, issuerLease: phases.open.issuerLease };
  expect(applyTransition(before, { kind: 'endWindow' }, at('2026-03-18T06:00:00Z'))).toEqual({
    ...phases.issued,
    status: 'Active',
    secondaryKey: null,
    renewal: null,
    issuerLease: null,
    passwordStale: true,
    nextActionOn: at('2026-03-18T06:00:00Z'),
  });
});

it('an expired group keeps its dates for people to see, and is never looked at again', () => {
  expect(applyTransition(phases.open, { kind: 'expire' }, EXPIRES)).toEqual({
    ...phases.open,
    status: 'KeyExpired',
    renewal: null,
    nextActionOn: null,
  });
});

describe('the scan looks at a group', () => {
  it.each<[string, Group, string | null]>([
    ['never before it has a key', phases.noKey, null],
    ['when its window is due', phases.active, OPENS],
    ['when its window without a key runs out', phases.open, EXPIRES],
    ['when its window with a key ends', phases.issued, '2026-03-18T06:00:00Z'],
    ['never once it has expired', phases.expired, null],
    ['never once it was deleted', { ...phases.issued, status: 'Deleted' }, null],
  ])('%s', (_, group, nextActionOn) => {
    expect(scheduled({ ...group, nextActionOn: CREATED }).nextActionOn).toBe(nextActionOn);
  });

  it('at once when a change of policy has made a window due', () => {
    const { nextActionOn } = scheduled({ ...activeGroup(), ...LONGEST });
    expect(nextActionOn).toBe('2023-10-01T12:00:00Z');
  });
});

// An operator may change the policy while a window is open. The new key then lives as short as the new policy says, and a
// window that lasted as long as it was opened for would outlive it: nothing renews a key while a window is open.
describe('a validity shortened while a window with a long grace is open', () => {
  const open = opened(activeGroup(LONGEST), at('2026-02-01'));
  const renewed = issued({ ...open, ...SHORTEST }, at('2026-02-01T06:00:00Z'));
  const end = windowEnd(renewed) ?? CREATED;

  it('ends the window by the time the new key is to be renewed itself', () => {
    expect(renewed.keyExpiryDate).toBe('2026-05-02T06:00:00Z');
    expect(nextRenewalDate(renewed)).toBe('2026-03-18T06:00:00Z');
    expect(end <= '2026-03-18T06:00:00Z').toBe(true);
  });

  it('makes the end of the window due, not the end of the group', () => {
    expect(dueTransition(renewed, end)).toEqual(END);
  });
});

function shortened(group: Group): Group {
  return { ...group, ...SHORTEST };
}
