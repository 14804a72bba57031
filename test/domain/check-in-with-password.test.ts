import { describe } from 'vitest';
import {
  active,
  behind,
  check,
  current,
  ended,
  expired,
  joining,
  later,
  noKey,
  open,
  outdated,
  regenerated,
  rejoining,
  thirdOpen,
  thirdWithKey,
  unproved,
  withKey,
} from './check-in-rows.ts';

describe('a joiner', () => {
  check(joining, [
    ['of a new group makes its first key', noKey, 'FirstKey: issueKey 1; joining'],
    ['of an active group gets its key', active, 'OpenWithPassword: fetchKey 1 with password; joining'],
    [
      'gets the old key in a window without a new one',
      open,
      'OpenWithPassword: fetchKey 1 with password; joining',
    ],
    [
      'gets the old key to its last second, and never makes one',
      later(open, '2026-03-31T23:59:59Z'),
      'OpenWithPassword: fetchKey 1 with password; joining',
    ],
    ['is refused in a window with its key', withKey, 'OpenWithPassword: GroupPasswordStale'],
    [
      'gets the new key in a window with the new password',
      regenerated(withKey),
      'OpenWithPassword: fetchKey 2 with password; joining',
    ],
    ['is refused after a window', ended, 'OpenWithPassword: GroupPasswordStale'],
    [
      'gets the new key after a window with the new password',
      regenerated(ended),
      'OpenWithPassword: fetchKey 2 with password; joining',
    ],
    [
      'is refused past the group’s certificate',
      later(active, '2026-04-01'),
      'GroupUnusable: GroupKeyExpired',
    ],
    ['is refused in an expired group', expired, 'GroupUnusable: GroupKeyExpired'],
  ]);
});

describe('a joiner with an outdated agent', () => {
  check({ ...joining, ...outdated }, [
    ['makes a first key like others', noKey, 'FirstKey: issueKey 1; joining'],
    ['joins like others', active, 'OpenWithPassword: fetchKey 1 with password; joining'],
    ['joins like others in a window', open, 'OpenWithPassword: fetchKey 1 with password; joining'],
    ['is refused like others', withKey, 'OpenWithPassword: GroupPasswordStale'],
  ]);
});

describe('a member with version 1 that rejoins', () => {
  check({ ...behind, ...rejoining }, [
    ['may, though it need not', active, 'OpenWithPassword: fetchKey 1 with password; joining'],
    ['may in a window without a key', open, 'OpenWithPassword: fetchKey 1 with password; joining'],
    ['is refused in a window with its key', withKey, 'OpenWithPassword: GroupPasswordStale'],
    [
      'gets the new key in a window with the new password',
      regenerated(withKey),
      'OpenWithPassword: fetchKey 2 with password; joining',
    ],
    ['is refused after a window', ended, 'OpenWithPassword: GroupPasswordStale'],
    [
      'gets the new key after a window with the new password',
      regenerated(ended),
      'OpenWithPassword: fetchKey 2 with password; joining',
    ],
    ['is refused two versions behind', thirdOpen, 'OpenWithPassword: GroupPasswordStale'],
    [
      'gets the outgoing key two versions behind, with the new password',
      regenerated(thirdOpen),
      'OpenWithPassword: fetchKey 2 with password; joining',
    ],
    [
      'gets the newest key two versions behind, once it is made and has a password',
      regenerated(thirdWithKey),
      'OpenWithPassword: fetchKey 3 with password; joining',
    ],
    [
      'is refused past the group’s certificate',
      later(active, '2026-04-01'),
      'GroupUnusable: GroupKeyExpired',
    ],
    ['is refused in an expired group', expired, 'GroupUnusable: GroupKeyExpired'],
  ]);
});

describe('another member that rejoins', () => {
  check({ ...unproved, ...rejoining }, [
    [
      'gets its key though it never proved one',
      active,
      'OpenWithPassword: fetchKey 1 with password; joining',
    ],
  ]);
  check({ ...current, ...rejoining }, [
    [
      'gets a key again that it has proved already',
      regenerated(withKey),
      'OpenWithPassword: fetchKey 2 with password; joining',
    ],
  ]);
  check({ ...behind, ...rejoining, ...outdated }, [
    ['is refused with an outdated agent', regenerated(ended), 'AgentOutdated: AgentOutdated'],
    ['is refused with an outdated agent in a window', regenerated(withKey), 'AgentOutdated: AgentOutdated'],
    ['hears of an expired group first', expired, 'GroupUnusable: GroupKeyExpired'],
  ]);
});
