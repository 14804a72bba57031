import { describe, expect, it } from 'vitest';
import type { Group } from '../../shared/domain/group.ts';
import type { RenewalPolicy } from '../../shared/domain/policy.ts';
import {
  isGroupExpired,
  isWindowOpen,
  nextRenewalDate,
  renewalReason,
  windowEnd,
} from '../../shared/domain/window.ts';
import {
  activeGroup,
  at,
  CREATED,
  emptyGroup,
  EXPIRES,
  issued,
  LONGEST,
  opened,
  OPENS,
  phases,
  policy,
  SHORTEST,
} from './fixtures.ts';

const DEFAULT = policy(2_628_000, 262_800);

describe('the next renewal', () => {
  it.each<[string, RenewalPolicy, RenewalPolicy, string]>([
    ['the shortest policy', SHORTEST, SHORTEST, '2026-02-15T00:00:00Z'],
    ['the default policy', DEFAULT, DEFAULT, '2030-07-01T12:00:00Z'],
    ['the longest grace', LONGEST, LONGEST, '2028-07-01T12:00:00Z'],
    ['a validity shortened since', DEFAULT, SHORTEST, '2026-02-15T00:00:00Z'],
    [
      'a validity lengthened since, which changes nothing',
      SHORTEST,
      policy(2_628_000, 64_800),
      '2026-02-15T00:00:00Z',
    ],
    [
      'a validity a minute longer, which changes nothing',
      SHORTEST,
      policy(129_601, 64_800),
      '2026-02-15T00:00:00Z',
    ],
    ['a grace lengthened since', DEFAULT, LONGEST, '2028-07-01T12:00:00Z'],
    ['a grace lengthened beyond the key’s whole life', SHORTEST, LONGEST, '2023-10-01T12:00:00Z'],
  ])('is the earlier of age and expiry, less the present grace: %s', (_, made, present, expected) => {
    expect(nextRenewalDate({ ...activeGroup(made), ...present })).toBe(expected);
  });

  it('is of no group without a key', () => {
    expect(nextRenewalDate(emptyGroup())).toBeNull();
  });
});

describe('the reason of a window that opens by itself', () => {
  it.each<[string, Group, string, string]>([
    ['the key’s expiry is a grace period away', activeGroup(), '2026-02-15T00:00:00Z', 'KeyNearsExpiry'],
    ['the key’s expiry is nearer than that', activeGroup(), '2026-03-31T23:59:59Z', 'KeyNearsExpiry'],
    [
      'the key is old only by a policy that came later',
      { ...activeGroup(DEFAULT), ...SHORTEST },
      '2026-02-15T00:00:00Z',
      'PolicyChanged',
    ],
    [
      'both, as soon as its own expiry is as near',
      { ...activeGroup(DEFAULT), ...SHORTEST },
      '2030-11-16T00:00:00Z',
      'KeyNearsExpiry',
    ],
    [
      'not quite both, a second before',
      { ...activeGroup(DEFAULT), ...SHORTEST },
      '2030-11-15T23:59:59Z',
      'PolicyChanged',
    ],
  ])('%s', (_, group, now, reason) => {
    expect(renewalReason(group, at(now))).toBe(reason);
  });
});

describe('the end of a window, as its rule sets it', () => {
  it.each<[string, Group, string]>([
    ['a grace period after it opened', phases.open, '2026-03-18T00:00:00Z'],
    ['the old key’s expiry when it opened on time', opened(activeGroup(), OPENS), '2026-04-01T00:00:00Z'],
    [
      'the old key’s expiry when it opened late',
      opened(activeGroup(), at('2026-03-31')),
      '2026-04-01T00:00:00Z',
    ],
    [
      'the present grace period, not that of the key’s making',
      opened({ ...activeGroup(DEFAULT), ...SHORTEST }, at('2026-02-01')),
      '2026-03-18T00:00:00Z',
    ],
  ])('is %s', (_, { renewal }, endsOn) => {
    expect(renewal?.endsOn).toBe(endsOn);
  });

  it.each([
    ['at once: as before, or a grace period from then on', '2026-02-01T00:00:00Z', '2026-03-18T00:00:00Z'],
    ['a second later: a second later', '2026-02-01T00:00:01Z', '2026-03-18T00:00:01Z'],
    [
      'so that a grace period just fits before the old key’s expiry',
      '2026-02-15T00:00:00Z',
      '2026-04-01T00:00:00Z',
    ],
    ['a second after that: the old key’s expiry', '2026-02-15T00:00:01Z', '2026-04-01T00:00:00Z'],
    ['after the end that was set: the old key’s expiry', '2026-03-20T00:00:00Z', '2026-04-01T00:00:00Z'],
    ['a second before the old key’s expiry: that', '2026-03-31T23:59:59Z', '2026-04-01T00:00:00Z'],
  ])('moves with a key issued %s', (_, keyIssuedOn, endsOn) => {
    expect(issued(phases.open, at(keyIssuedOn)).renewal?.endsOn).toBe(endsOn);
  });

  it.each([
    ['as long as before', LONGEST, '2028-08-01T18:00:00Z'],
    ['half of it, when that is exactly the grace period', policy(2_628_000, 64_800), '2028-08-01T18:00:00Z'],
    ['half of it, two minutes shorter', policy(2_627_998, 64_800), '2028-08-01T17:59:00Z'],
    ['half of it, at the shortest', SHORTEST, '2026-03-18T06:00:00Z'],
  ])('takes of a new key’s life %s, however long the grace was as it opened', (_, present, endsOn) => {
    const group = { ...opened(activeGroup(LONGEST), at('2026-02-01')), ...present };
    expect(windowEnd(issued(group, at('2026-02-01T06:00:00Z')))).toBe(endsOn);
  });

  it('goes by the grace period of its opening, whatever the policy has become', () => {
    const group = opened(activeGroup(LONGEST), at('2026-02-01'));
    const late = issued({ ...group, groupKeyExpiryGracePeriod: 64_800 }, at('2026-02-02'));
    expect(late.renewal?.endsOn).toBe('2028-08-02T12:00:00Z');
  });
});

describe('a window is open', () => {
  it.each<[string, Group, string, boolean]>([
    ['not before its time, on an active group', phases.active, '2026-02-14T23:59:59Z', false],
    ['not when it is due but nobody has opened it', phases.active, '2026-02-15T00:00:00Z', false],
    ['as it starts', phases.open, '2026-02-01T00:00:00Z', true],
    [
      'a second after the end that was set, while no key has been issued',
      phases.open,
      '2026-03-18T00:00:01Z',
      true,
    ],
    [
      'until a second before the old key’s expiry, while no key has been issued',
      phases.open,
      '2026-03-31T23:59:59Z',
      true,
    ],
    ['not at the old key’s expiry', phases.open, '2026-04-01T00:00:00Z', false],
    ['with its key, until a second before its end', phases.issued, '2026-03-18T05:59:59Z', true],
    ['with its key, not as it ends', phases.issued, '2026-03-18T06:00:00Z', false],
    ['with its key, not a second after its end', phases.issued, '2026-03-18T06:00:01Z', false],
    ['not once it has been ended', phases.ended, '2026-03-18T05:59:59Z', false],
    ['not on an expired group', phases.expired, '2026-03-01T00:00:00Z', false],
    ['not on a group without a key', phases.noKey, '2026-03-01T00:00:00Z', false],
    ['not on a deleted group', { ...phases.open, status: 'Deleted' }, '2026-03-01T00:00:00Z', false],
  ])('%s', (_, group, now, expected) => {
    expect(isWindowOpen(group, at(now))).toBe(expected);
  });

  it('and its real end is null when there is none', () => {
    expect([phases.noKey, phases.active, phases.ended, phases.expired].map(windowEnd)).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(windowEnd(phases.open)).toBe(EXPIRES);
    expect(windowEnd(phases.issued)).toBe('2026-03-18T06:00:00Z');
  });
});

describe('a group is expired', () => {
  it.each<[string, Group, string, boolean]>([
    ['not before its certificate', phases.active, '2026-03-31T23:59:59Z', false],
    ['with its certificate, written down or not', phases.active, '2026-04-01T00:00:00Z', true],
    ['a second later too', phases.active, '2026-04-01T00:00:01Z', true],
    ['in an open window without a new key', phases.open, '2026-04-01T00:00:00Z', true],
    ['not at the old key’s expiry once there is a new one', phases.issued, '2026-04-01T00:00:00Z', false],
    ['when that is written down, whatever the time', phases.expired, '2026-01-01T00:00:00Z', true],
    ['never before it has a key', phases.noKey, '2099-01-01T00:00:00Z', false],
  ])('%s', (_, group, now, expected) => {
    expect(isGroupExpired(group, at(now))).toBe(expected);
  });
});

it('the fixtures are as their comment says', () => {
  expect(phases.active).toMatchObject({
    keyCreationDate: CREATED,
    keyExpiryDate: EXPIRES,
    nextActionOn: OPENS,
  });
});
