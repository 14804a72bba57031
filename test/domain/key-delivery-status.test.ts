import { describe, expect, it } from 'vitest';
import type { Group } from '../../shared/domain/group.ts';
import { expectedKeyDeliveryStatus, renewalOf } from '../../shared/domain/key-delivery-status.ts';
import { KEY_DELIVERY_STATUS_NUMBERS } from '../../shared/domain/machine.ts';
import type { KeyDeliveryStatus } from '../../shared/domain/machine.ts';
import { activeGroup, at, opened, OPENS, phases } from './fixtures.ts';

/** Opened on time without a key: its end and the old key's expiry, 1 April, are one. */
const openToTheEnd = opened(activeGroup(), OPENS);
/** The window for version 3, and for version 2 nothing is left. */
const third = opened(phases.ended, at('2026-04-01'));

describe('the status that a machine must have', () => {
  it.each<[string, Group, number | null, string, KeyDeliveryStatus]>([
    // First rule: the group has expired.
    ['a group written down as expired', phases.expired, 1, '2026-04-01T00:00:00Z', 'KeyExpired'],
    [
      'a group past its certificate, not written down',
      phases.active,
      1,
      '2026-04-01T00:00:00Z',
      'KeyExpired',
    ],
    ['the same, a second before', phases.active, 1, '2026-03-31T23:59:59Z', 'Default'],
    ['a window that ran out without a key', openToTheEnd, 1, '2026-04-01T00:00:00Z', 'KeyExpired'],
    ['the same, a second before', openToTheEnd, 1, '2026-03-31T23:59:59Z', 'PendingNewKey'],
    // Second rule: the window is open and the new key not proved.
    ['an open window whose key is not issued', phases.open, 1, '2026-02-01T00:00:00Z', 'PendingNewKey'],
    ['the same after the end that was set', phases.open, 1, '2026-03-18T00:00:00Z', 'PendingNewKey'],
    ['an open window, the old key proved', phases.issued, 1, '2026-02-01T06:00:00Z', 'PendingNewKey'],
    ['an open window, nothing proved', phases.issued, null, '2026-02-01T06:00:00Z', 'PendingNewKey'],
    ['an open window, two versions behind', third, 1, '2026-04-02T00:00:00Z', 'PendingNewKey'],
    // Third rule: the primary key is not proved.
    ['a window that is over, not written down', phases.issued, 1, '2026-03-18T06:00:00Z', 'KeyExpired'],
    ['the same, a second before', phases.issued, 1, '2026-03-18T05:59:59Z', 'PendingNewKey'],
    ['a window that was ended', phases.ended, 1, '2026-03-18T06:00:00Z', 'KeyExpired'],
    ['a window that was ended, nothing proved', phases.ended, null, '2026-03-18T06:00:00Z', 'KeyExpired'],
    ['a group without a key', phases.noKey, null, '2026-02-01T00:00:00Z', 'KeyExpired'],
    // Else.
    ['an active group', phases.active, 1, '2026-01-01T00:00:00Z', 'Default'],
    ['a window that is due, not opened', phases.active, 1, '2026-02-15T00:00:00Z', 'Default'],
    ['an open window, the new key proved', phases.issued, 2, '2026-02-01T06:00:00Z', 'Default'],
    [
      'the new key proved, the window over and not written down',
      phases.issued,
      2,
      '2026-03-18T06:00:00Z',
      'Default',
    ],
    ['the new key proved, the window ended', phases.ended, 2, '2026-03-18T06:00:00Z', 'Default'],
  ])('%s', (_, group, keyVersion, now, expected) => {
    expect(expectedKeyDeliveryStatus({ keyVersion }, group, at(now))).toBe(expected);
  });

  it('is known to subscribers by the product’s numbers', () => {
    expect(KEY_DELIVERY_STATUS_NUMBERS).toEqual({ Default: 1, PendingNewKey: 2, KeyExpired: 3 });
  });
});

describe('the renewal that a status belongs to', () => {
  it.each<[string, Group, string, number]>([
    ['the first key’s, before there is one', phases.noKey, '2026-02-02', 1],
    ['the first key’s', phases.active, '2026-02-02', 1],
    ['the first key’s, to its last second', phases.active, '2026-03-31T23:59:59Z', 1],
    ['the one that never came, as the key expires', phases.active, '2026-04-01', 2],
    ['the one that never came, once that is written down', phases.expired, '2026-04-01', 2],
    ['the open window’s', phases.open, '2026-02-02', 2],
    ['the open window’s, whose key never came', phases.open, '2026-04-01', 2],
    ['the open window’s, its key issued', phases.issued, '2026-02-02', 2],
    ['the last window’s, when its end is not written down', phases.issued, '2026-03-18T06:00:00Z', 2],
    ['the one after it, when its key has expired too', phases.issued, '2026-05-02T06:00:00Z', 3],
    ['the last window’s', phases.ended, '2026-03-20', 2],
    ['the next window’s', third, '2026-04-02', 3],
  ])('is %s', (_, group, now, renewal) => {
    expect(renewalOf(group, at(now))).toBe(renewal);
  });
});
