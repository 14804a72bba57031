import { describe, expect, it } from 'vitest';
import {
  completePolicy,
  GRACE_MINUTES_DEFAULT,
  graceMinutesMax,
  policyViolations,
  VALIDITY_MINUTES_DEFAULT,
} from '../../shared/domain/policy.ts';
import { policy } from './fixtures.ts';

const VALIDITY = { field: 'groupKeyValidityPeriod', minimum: 129_600, maximum: 2_628_000 };
const GRACE = { field: 'groupKeyExpiryGracePeriod', minimum: 64_800 };

describe('a policy within its bounds', () => {
  it.each([
    ['the defaults', 2_628_000, 262_800],
    ['the shortest validity with the only grace that goes with it', 129_600, 64_800],
    ['the longest validity with the shortest grace', 2_628_000, 64_800],
    ['the longest validity with the longest grace', 2_628_000, 1_314_000],
    ['a grace of half of an odd validity, rounded down', 129_603, 64_801],
  ])('is sound: %s', (_, validity, grace) => {
    expect(policyViolations(policy(validity, grace))).toEqual([]);
  });
});

describe('a validity period out of bounds', () => {
  it.each([129_599, 0, -129_600, 129_600.5, 2_628_000.5, 2_628_001, Number.MAX_SAFE_INTEGER, Infinity])(
    'is refused with both bounds: %d',
    (validity) => {
      expect(policyViolations(policy(validity, 64_800))).toEqual([{ ...VALIDITY, value: validity }]);
    },
  );
});

describe('a grace period out of bounds', () => {
  it.each([
    ['a minute too short', 2_628_000, 64_799, 1_314_000],
    ['a minute more than half of the longest validity', 2_628_000, 1_314_001, 1_314_000],
    ['a minute more than half of the shortest validity', 129_600, 64_801, 64_800],
    ['more than half of an odd validity by half a minute', 129_603, 64_802, 64_801],
    ['not whole', 2_628_000, 262_800.5, 1_314_000],
    ['zero', 2_628_000, 0, 1_314_000],
    ['negative', 2_628_000, -64_800, 1_314_000],
    ['not a number', 2_628_000, Number.NaN, 1_314_000],
  ])('is refused with the bounds that its validity sets: %s', (_, validity, grace, maximum) => {
    expect(policyViolations(policy(validity, grace))).toEqual([{ ...GRACE, value: grace, maximum }]);
  });
});

it('reports both periods when both are out of bounds, the grace by the nearest validity that could be', () => {
  expect(policyViolations(policy(1, 1))).toEqual([
    { ...VALIDITY, value: 1 },
    { ...GRACE, value: 1, maximum: 64_800 },
  ]);
  expect(policyViolations(policy(3_000_000, 1_500_000))).toEqual([
    { ...VALIDITY, value: 3_000_000 },
    { ...GRACE, value: 1_500_000, maximum: 1_314_000 },
  ]);
});

it.each([
  [129_600, 64_800],
  [129_601, 64_800],
  [129_602, 64_801],
  [2_628_000, 1_314_000],
])('the longest grace that goes with %d minutes is %d', (validity, maximum) => {
  expect(graceMinutesMax(validity)).toBe(maximum);
});

describe('a policy that its creator named in part', () => {
  it.each([
    ['nothing', {}, 2_628_000, 262_800],
    ['the validity', { groupKeyValidityPeriod: 1_000_000 }, 1_000_000, 262_800],
    ['a validity twice the default grace', { groupKeyValidityPeriod: 525_600 }, 525_600, 262_800],
    ['a validity a minute shorter than that', { groupKeyValidityPeriod: 525_599 }, 525_599, 262_799],
    ['the shortest validity', { groupKeyValidityPeriod: 129_600 }, 129_600, 64_800],
    ['the grace', { groupKeyExpiryGracePeriod: 64_800 }, 2_628_000, 64_800],
    ['both', { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 70_000 }, 200_000, 70_000],
  ])('is completed with what is sound: %s', (_, asked, validity, grace) => {
    const completed = completePolicy(asked);
    expect(completed).toEqual(policy(validity, grace));
    expect(policyViolations(completed)).toEqual([]);
  });

  it('keeps what was named, out of bounds or not', () => {
    const asked = policy(2_628_001, 64_799);
    expect(completePolicy(asked)).toEqual(asked);
  });

  it('has the defaults of the product', () => {
    expect([VALIDITY_MINUTES_DEFAULT, GRACE_MINUTES_DEFAULT]).toEqual([2_628_000, 262_800]);
  });
});
