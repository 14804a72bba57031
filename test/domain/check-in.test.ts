import { describe, expect, it } from 'vitest';
import { CHECK_IN_POLICIES, decideCheckIn } from '../../shared/domain/check-in.ts';
import { newLease } from '../../shared/domain/group-transition.ts';
import {
  active,
  behind,
  check,
  current,
  ended,
  expired,
  inputOf,
  joining,
  later,
  noKey,
  open,
  outdated,
  rejoining,
  thirdOpen,
  thirdWithKey,
  unproved,
  withKey,
} from './check-in-rows.ts';
import type { Moment } from './check-in-rows.ts';
import { at, MACHINE_ID, OTHER_MACHINE_ID, phases } from './fixtures.ts';

it('the policies are asked in this order', () => {
  expect(CHECK_IN_POLICIES.map(({ name }) => name)).toEqual([
    'GroupUnusable',
    'FirstKey',
    'AgentOutdated',
    'OpenWithPassword',
    'KeyLost',
    'IssueNewKey',
    'FetchNewKey',
    'MissedWindow',
    'RetireOldKeys',
    'UpToDate',
  ]);
});

describe('a member with version 1', () => {
  check(behind, [
    ['has nothing to do in an active group', active, 'UpToDate: wait; steady'],
    [
      'has nothing to do when a window is due but not open',
      later(active, '2026-02-15'),
      'UpToDate: wait; steady',
    ],
    ['is the first in a window, and makes its key', open, 'IssueNewKey: issueKey 2; soon'],
    ['makes it late, too', later(open, '2026-03-31T23:59:59Z'), 'IssueNewKey: issueKey 2; soon'],
    ['gets the new key with the old one', withKey, 'FetchNewKey: fetchKey 2 with outgoingKey; busy'],
    [
      'gets it until a second before the window ends',
      later(withKey, '2026-03-18T05:59:59Z'),
      'FetchNewKey: fetchKey 2 with outgoingKey; busy',
    ],
    [
      'has missed it as the window ends',
      later(withKey, '2026-03-18T06:00:00Z'),
      'MissedWindow: rejoin; idle',
    ],
    ['has missed it a second later', later(withKey, '2026-03-18T06:00:01Z'), 'MissedWindow: rejoin; idle'],
    ['has missed it when the window has been ended', ended, 'MissedWindow: rejoin; idle'],
    ['makes no key two versions behind', thirdOpen, 'MissedWindow: rejoin; idle'],
    ['gets no key two versions behind', thirdWithKey, 'MissedWindow: rejoin; idle'],
    [
      'works to the last second of the group',
      later(active, '2026-03-31T23:59:59Z'),
      'UpToDate: wait; steady',
    ],
    ['can only wait past its certificate', later(active, '2026-04-01'), 'GroupUnusable: wait; idle'],
    ['can only wait in an expired group', expired, 'GroupUnusable: wait; idle'],
  ]);
});

describe('a member that never proved a key', () => {
  check(unproved, [
    ['is to rejoin', active, 'MissedWindow: rejoin; idle'],
    ['makes no key in a window', open, 'MissedWindow: rejoin; idle'],
    ['gets no key in a window', withKey, 'MissedWindow: rejoin; idle'],
  ]);
});

describe('old keys are retired', () => {
  const holdsBoth = { ...current, heldVersions: [2, 1] };
  check(holdsBoth, [
    ['not while the window is open', withKey, 'UpToDate: wait; steady'],
    ['not a second before it ends', later(withKey, '2026-03-18T05:59:59Z'), 'UpToDate: wait; steady'],
    ['as it ends', later(withKey, '2026-03-18T06:00:00Z'), 'RetireOldKeys: retireKey 1; steady'],
    ['after it', ended, 'RetireOldKeys: retireKey 1; steady'],
    ['not in the next window', thirdOpen, 'IssueNewKey: issueKey 3; soon'],
    ['not in an expired group', expired, 'GroupUnusable: wait; idle'],
  ]);
  check({ ...current, machine: { ...current.machine, keyVersion: 3 }, heldVersions: [1, 2, 3] }, [
    ['all at once', { ...ended, group: thirdEnded() }, 'RetireOldKeys: retireKey 1, retireKey 2; steady'],
  ]);
  check({ ...current, heldVersions: [2, 3] }, [
    ['but never the newest, nor one to come', ended, 'UpToDate: wait; steady'],
  ]);
  check(current, [['but only where they are held', ended, 'UpToDate: wait; steady']]);
});

describe('the lease on making a key', () => {
  const TAKEN = at('2026-02-02');
  const leased = ({ group, now }: Moment, machineId: string): Moment => ({
    group: { ...group, issuerLease: newLease(group, machineId, 'challenge', TAKEN) },
    now,
  });
  const mine = leased(open, MACHINE_ID);
  const taken = leased(open, OTHER_MACHINE_ID);
  check(joining, [
    ['is the first joiner’s', noKey, 'FirstKey: issueKey 1; joining'],
    ['stays with the joiner that took it', leased(noKey, MACHINE_ID), 'FirstKey: issueKey 1; joining'],
    ['has other joiners wait', leased(noKey, OTHER_MACHINE_ID), 'FirstKey: wait; joining'],
  ]);
  check(behind, [
    ['stays with the member that took it', mine, 'IssueNewKey: issueKey 2; soon'],
    ['is not taken again as it runs out', later(mine, '2026-02-02T00:10:00Z'), 'IssueNewKey: wait; soon'],
    ['leaves others the time of a lease', later(mine, '2026-02-02T00:19:59Z'), 'IssueNewKey: wait; soon'],
    ['can be taken again after that', later(mine, '2026-02-02T00:20:00Z'), 'IssueNewKey: issueKey 2; soon'],
    ['has other members wait', taken, 'IssueNewKey: wait; soon'],
    ['has them wait to its last second', later(taken, '2026-02-02T00:09:59Z'), 'IssueNewKey: wait; soon'],
    ['is taken over as it expires', later(taken, '2026-02-02T00:10:00Z'), 'IssueNewKey: issueKey 2; soon'],
    ['is taken over a second later', later(taken, '2026-02-02T00:10:01Z'), 'IssueNewKey: issueKey 2; soon'],
  ]);
});

describe('a member that does not hold the key it proved', () => {
  const REJOIN = 'KeyLost: rejoin; idle';
  check({ ...current, heldVersions: [1] }, [
    ['is to rejoin after the window', ended, REJOIN],
    ['is to rejoin in the window', withKey, REJOIN],
    ['can only wait in an expired group', expired, 'GroupUnusable: wait; idle'],
  ]);
  check({ ...behind, heldVersions: [] }, [
    ['is not asked to make a key that it could not endorse', open, REJOIN],
    ['is not sent for a key that it could not open', withKey, REJOIN],
  ]);
  check({ ...behind, heldVersions: null }, [
    ['is taken at its proof where it was not asked', active, 'UpToDate: wait; steady'],
  ]);
  check({ ...behind, ...rejoining, heldVersions: [] }, [
    ['comes back by password', active, 'OpenWithPassword: fetchKey 1 with password; joining'],
  ]);
});

describe('a member with version 1 and an outdated agent', () => {
  check({ ...behind, ...outdated }, [
    ['has nothing to do in an active group', active, 'UpToDate: wait; steady'],
    ['makes no key', open, 'AgentOutdated: updateAgent 2.23; steady'],
    ['is not given the new key', withKey, 'AgentOutdated: updateAgent 2.23; steady'],
    [
      'is to update until a second before the window ends',
      later(withKey, '2026-03-18T05:59:59Z'),
      'AgentOutdated: updateAgent 2.23; steady',
    ],
    [
      'is to update and rejoin as the window ends',
      later(withKey, '2026-03-18T06:00:00Z'),
      'AgentOutdated: updateAgent 2.23, rejoin; idle',
    ],
    ['is to update and rejoin after the window', ended, 'AgentOutdated: updateAgent 2.23, rejoin; idle'],
    ['is to update two versions behind', thirdOpen, 'AgentOutdated: updateAgent 2.23; steady'],
    ['can only wait in an expired group', expired, 'GroupUnusable: wait; idle'],
  ]);
  check({ ...behind, ...outdated, minimumAgentVersion: '3.1' }, [
    ['is told the minimum that is set', open, 'AgentOutdated: updateAgent 3.1; steady'],
  ]);
});

describe('a member with the new key and an outdated agent', () => {
  check({ ...current, ...outdated, heldVersions: [1, 2] }, [
    ['waits for the end of the window like others', withKey, 'UpToDate: wait; steady'],
    ['retires the old key like others', ended, 'RetireOldKeys: retireKey 1; steady'],
  ]);
});

it('a key to fetch is named by its thumbprint, so that no other can be slipped in', () => {
  const decision = decideCheckIn(inputOf(behind, withKey));
  expect(decision).toMatchObject({ actions: [{ action: 'fetchKey', key: phases.issued.primaryKey }] });
});

function thirdEnded() {
  return { ...thirdWithKey.group, status: 'Active' as const, renewal: null, secondaryKey: null };
}
