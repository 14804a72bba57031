// Where a machine stands with its group's key. The stored status follows this function.
import type { Group } from './group.ts';
import type { Instant } from './instant.ts';
import type { KeyDeliveryStatus, Machine } from './machine.ts';
import { isGroupExpired, isWindowOpen } from './window.ts';

/** The status that a member must have at `now`; the first rule that applies decides. */
export function expectedKeyDeliveryStatus(
  machine: Pick<Machine, 'keyVersion'>,
  group: Group,
  now: Instant,
): KeyDeliveryStatus {
  if (isGroupExpired(group, now)) return 'KeyExpired';
  const proved = machine.keyVersion ?? 0;
  if (isWindowOpen(group, now) && proved < (group.renewal?.version ?? 0)) return 'PendingNewKey';
  if (proved === 0 || proved < (group.primaryKey?.version ?? 0)) return 'KeyExpired';
  return 'Default';
}

/**
 * The renewal that a status at `now` belongs to: the version that is, or was last, being brought to the machines. For a
 * group that has expired it is the version that never came.
 */
export function renewalOf(group: Group, now: Instant): number {
  const version = group.primaryKey?.version ?? 1;
  return isGroupExpired(group, now) ? version + 1 : (group.renewal?.version ?? version);
}
