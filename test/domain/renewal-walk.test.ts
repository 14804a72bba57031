import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GRACE_MINUTES_MIN,
  graceMinutesMax,
  VALIDITY_MINUTES_MAX,
  VALIDITY_MINUTES_MIN,
} from '../../shared/domain/policy.ts';
import { policy } from './fixtures.ts';
import { World } from './renewal-walk.ts';
import type { Step } from './renewal-walk.ts';

const MACHINES = 3;
const DAY_SECONDS = 86_400;

/** Bounds come often, and so do the shortest policies: they make the most windows. */
const anyPolicy = fc
  .oneof(
    fc.constantFrom(VALIDITY_MINUTES_MIN, VALIDITY_MINUTES_MAX),
    fc.integer({ min: VALIDITY_MINUTES_MIN, max: VALIDITY_MINUTES_MAX }),
  )
  .chain((validity) =>
    fc
      .oneof(
        fc.constantFrom(GRACE_MINUTES_MIN, graceMinutesMax(validity)),
        fc.integer({ min: GRACE_MINUTES_MIN, max: graceMinutesMax(validity) }),
      )
      .map((grace) => policy(validity, grace)),
  );

/** Mostly so short that machines do come while a window is open; now and then so long that they all miss it. */
const seconds = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 900 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 30 * DAY_SECONDS }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1000 * DAY_SECONDS }) },
);

const checkIn: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('checkIn' as const),
  machine: fc.nat(MACHINES - 1),
  canRenew: fc.oneof(
    { weight: 4, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  rejoin: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  makingSeconds: fc.constantFrom(0, 0, 0, 0, 30, 599, 600, 3600, null),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: checkIn },
  { weight: 3, arbitrary: seconds.map((each): Step => ({ do: 'wait', seconds: each })) },
  { weight: 3, arbitrary: fc.constantFrom(-1, 0, 1).map((offset): Step => ({ do: 'edge', offset })) },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom('scan', 'fanOut', 'openWindow', 'regeneratePassword')
      .map((each): Step => ({ do: each })),
  },
  { weight: 1, arbitrary: anyPolicy.map((each): Step => ({ do: 'changePolicy', policy: each })) },
);

describe('a group and its machines, whatever they do and whenever', () => {
  it.each([
    ['with a scan that runs', true],
    ['with a scan that runs now and then', false],
  ])('keep to the rules %s', (_, scanIsUp) => {
    let renewals = 0;
    fc.assert(
      fc.property(
        anyPolicy,
        fc.array(step, { minLength: 30, maxLength: 150, size: 'max' }),
        (made, steps) => {
          const world = new World(made, MACHINES, scanIsUp);
          world.take({ do: 'checkIn', machine: 0, canRenew: true, rejoin: false, makingSeconds: 0 });
          for (const each of steps) world.take(each);
          // Exactly one key a window: versions come one by one, and never twice.
          expect(world.accepted).toEqual(world.accepted.map((_, index) => index + 1));
          renewals += world.accepted.length - 1;
        },
      ),
      { numRuns: 1000 },
    );
    // A walk that never renews would prove nothing.
    expect(renewals).toBeGreaterThan(500);
  });
});
