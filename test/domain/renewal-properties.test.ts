import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { dueTransition, scheduled } from '../../shared/domain/group-transition.ts';
import { addMinutes, addSeconds, secondsBetween } from '../../shared/domain/instant.ts';
import {
  GRACE_MINUTES_MIN,
  graceMinutesMax,
  policyViolations,
  VALIDITY_MINUTES_MAX,
  VALIDITY_MINUTES_MIN,
} from '../../shared/domain/policy.ts';
import { isWindowOpen, nextRenewalDate, windowEnd } from '../../shared/domain/window.ts';
import { activeGroup, CREATED, issued, opened, policy } from './fixtures.ts';

const anyPolicy = fc
  .integer({ min: VALIDITY_MINUTES_MIN, max: VALIDITY_MINUTES_MAX })
  .chain((validity) =>
    fc
      .integer({ min: GRACE_MINUTES_MIN, max: graceMinutesMax(validity) })
      .map((grace) => policy(validity, grace)),
  );

it('policies drawn for these properties are sound', () => {
  fc.assert(
    fc.property(anyPolicy, (each) => {
      expect(policyViolations(each)).toEqual([]);
    }),
  );
});

it('a fresh key is not due under its own policy, nor until half of its life is over', () => {
  fc.assert(
    fc.property(anyPolicy, (made) => {
      const group = activeGroup(made);
      expect(dueTransition(group, CREATED)).toBeNull();
      const half = addMinutes(CREATED, graceMinutesMax(made.groupKeyValidityPeriod));
      expect(dueTransition(group, addSeconds(half, -1))).toBeNull();
    }),
  );
});

// With a later policy it is due at once only if the grace period asked for is longer than the key was ever to live; the key
// that then follows is made under that policy, and is not due.
it('a fresh key is due under a later policy only when that asks for more grace than the key has life', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, (made, later) => {
      const group = { ...activeGroup(made), ...later };
      const life = Math.min(made.groupKeyValidityPeriod, later.groupKeyValidityPeriod);
      expect(dueTransition(group, CREATED) !== null).toBe(later.groupKeyExpiryGracePeriod >= life);
      const renewed = issued(opened(group, CREATED), CREATED);
      expect(dueTransition({ ...renewed, status: 'Active' }, CREATED)).toBeNull();
    }),
  );
});

it('a policy that is widened never puts the next renewal off', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, anyPolicy, (made, before, after) => {
      const shorter = Math.min(before.groupKeyValidityPeriod, after.groupKeyValidityPeriod);
      const longer = Math.max(before.groupKeyExpiryGracePeriod, after.groupKeyExpiryGracePeriod);
      const group = { ...activeGroup(made), ...before };
      const date = nextRenewalDate(group) ?? CREATED;
      for (const widened of [
        { ...group, groupKeyValidityPeriod: shorter },
        { ...group, groupKeyExpiryGracePeriod: longer },
        { ...group, groupKeyValidityPeriod: shorter, groupKeyExpiryGracePeriod: longer },
      ]) {
        expect((nextRenewalDate(widened) ?? '') <= date).toBe(true);
        expect((scheduled(widened).nextActionOn ?? '') <= date).toBe(true);
      }
    }),
  );
});

it('a window that opens by itself is open for the whole grace period, or to the key’s end', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, fc.nat(VALIDITY_MINUTES_MAX), (made, present, late) => {
      const group = { ...activeGroup(made), ...present };
      const startsOn = addMinutes(nextRenewalDate(group) ?? CREATED, late);
      fc.pre(startsOn >= CREATED && dueTransition(group, startsOn)?.kind === 'openWindow');
      const open = opened(group, startsOn);
      const end = windowEnd(open) ?? '';
      const grace = addMinutes(startsOn, present.groupKeyExpiryGracePeriod);
      expect(end).toBe(group.keyExpiryDate);
      expect(open.renewal?.endsOn).toBe(grace < end ? grace : end);
      expect(isWindowOpen(open, startsOn)).toBe(true);
    }),
  );
});

it('machines have a grace period for a key that is issued whenever, or until the old key’s end', () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.nat(VALIDITY_MINUTES_MAX),
      fc.nat(VALIDITY_MINUTES_MAX),
      (made, early, late) => {
        const group = activeGroup(made);
        const startsOn = addMinutes(CREATED, early);
        const issuedOn = addMinutes(startsOn, late);
        fc.pre(issuedOn < (group.keyExpiryDate ?? ''));
        const renewed = issued(opened(group, startsOn), issuedOn);
        const end = windowEnd(renewed) ?? CREATED;
        const left = secondsBetween(issuedOn, group.keyExpiryDate ?? CREATED);
        expect(secondsBetween(issuedOn, end)).toBe(Math.min(made.groupKeyExpiryGracePeriod * 60, left));
      },
    ),
  );
});
