// A group's renewal policy: how long its keys are valid, and how long before expiry their renewal begins.
// All periods are minutes.

export interface RenewalPolicy {
  /** How long the next key will be valid, minutes. */
  readonly groupKeyValidityPeriod: number;
  /** How long before a key's expiry its renewal window opens, and how long the window lasts, minutes. */
  readonly groupKeyExpiryGracePeriod: number;
}

export const VALIDITY_MINUTES_MIN = 129_600;
export const VALIDITY_MINUTES_MAX = 2_628_000;
export const VALIDITY_MINUTES_DEFAULT = 2_628_000;
export const GRACE_MINUTES_MIN = 64_800;
export const GRACE_MINUTES_DEFAULT = 262_800;

/** The longest grace period that goes with a validity period: half of it, whole minutes. */
export function graceMinutesMax(validityMinutes: number): number {
  return Math.floor(validityMinutes / 2);
}

export interface PolicyViolation {
  readonly field: keyof RenewalPolicy;
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** What is out of bounds in a policy, with the bounds; empty for a sound one. */
export function policyViolations(policy: RenewalPolicy): PolicyViolation[] {
  const { groupKeyValidityPeriod: validity, groupKeyExpiryGracePeriod: grace } = policy;
  const violations: PolicyViolation[] = [];
  if (!isWithinBounds(validity, VALIDITY_MINUTES_MIN, VALIDITY_MINUTES_MAX)) {
    violations.push({
      field: 'groupKeyValidityPeriod',
      value: validity,
      minimum: VALIDITY_MINUTES_MIN,
      maximum: VALIDITY_MINUTES_MAX,
    });
  }
  const graceMaximum = graceMinutesMax(withinValidityBounds(validity));
  if (!isWithinBounds(grace, GRACE_MINUTES_MIN, graceMaximum)) {
    violations.push({
      field: 'groupKeyExpiryGracePeriod',
      value: grace,
      minimum: GRACE_MINUTES_MIN,
      maximum: graceMaximum,
    });
  }
  return violations;
}

function withinValidityBounds(minutes: number): number {
  return Math.min(Math.max(minutes, VALIDITY_MINUTES_MIN), VALIDITY_MINUTES_MAX);
}

function isWithinBounds(value: number, minimum: number, maximum: number): boolean {
  return Number.isInteger(value) && value >= minimum && value <= maximum;
}

/**
 * The policy of a group whose creator named only some of it. Where the default grace period is more than half of
 * the validity period asked for, that half is taken.
 */
export function completePolicy(asked: {
  groupKeyValidityPeriod?: number | undefined;
  groupKeyExpiryGracePeriod?: number | undefined;
}): RenewalPolicy {
  const validity = asked.groupKeyValidityPeriod ?? VALIDITY_MINUTES_DEFAULT;
  const grace =
    asked.groupKeyExpiryGracePeriod ??
    Math.min(GRACE_MINUTES_DEFAULT, graceMinutesMax(withinValidityBounds(validity)));
  return { groupKeyValidityPeriod: validity, groupKeyExpiryGracePeriod: grace };
}
