import { describe, expect, it } from 'vitest';
import { feedProgress, isKeyOverdue, isWindowEndingSoon } from '../../shared/domain/fleet-metrics.ts';
import type { FeedPulse } from '../../shared/domain/fleet-metrics.ts';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Group } from '../../shared/domain/group.ts';
import { at, phases } from './fixtures.ts';

describe('a window ends soon', () => {
  it.each<[string, Group, string, boolean]>([
    [
      'with its key issued: a second before the last fourteen days',
      phases.issued,
      '2026-03-04T05:59:59Z',
      false,
    ],
    ['fourteen days before its end', phases.issued, '2026-03-04T06:00:00Z', true],
    ['and still when its end has passed unseen', phases.issued, '2026-03-19', true],
    ['without a key, only when the outgoing key expires', phases.open, '2026-03-17T23:59:59Z', false],
    ['without a key: fourteen days before the expiry', phases.open, '2026-03-18', true],
    ['but not when none is open', phases.active, '2026-03-31', false],
    ['nor when it is over', phases.ended, '2026-03-19', false],
    ['nor of an expired group', phases.expired, '2026-04-01', false],
    ['nor of a group without a key', phases.noKey, '2026-04-01', false],
  ])('%s', (_, group, now, expected) => {
    expect(isWindowEndingSoon(group, at(now))).toBe(expected);
  });
});

describe('a window’s key is overdue', () => {
  it.each<[string, Group, string, boolean]>([
    ['not within a day', phases.open, '2026-02-01T23:59:59Z', false],
    ['after a day', phases.open, '2026-02-02', true],
    ['not once it is issued', phases.issued, '2026-02-02', false],
    ['not without a window', phases.active, '2026-03-31', false],
    ['not when the group has expired', phases.expired, '2026-04-02', false],
  ])('%s', (_, group, now, expected) => {
    expect(isKeyOverdue(group, at(now))).toBe(expected);
  });
});

function pulse(seen: string, afterSeconds: number): FeedPulse {
  return {
    type: 'feedPulse',
    id: 'feed-pulse:a',
    groupId: '-keyturn',
    consumer: 'a',
    takenOn: at(seen),
    seenOn: addSeconds(at(seen), afterSeconds),
  };
}

describe('a consumer of the feed', () => {
  const taken = at('2026-01-01T12:00:00Z');
  const now = addSeconds(taken, 300);
  const before = { takenOn: taken, behindSince: null };

  it('is not behind before there was anything to see', () => {
    expect(feedProgress('a', null, null, now)).toEqual({ consumer: 'a', behindSince: null, lagSeconds: 0 });
  });

  it('that has seen what was there lags by what that took, and never by less than nothing', () => {
    const progress = { consumer: 'a', behindSince: null };
    expect(feedProgress('a', before, pulse(taken, 4), now)).toEqual({ ...progress, lagSeconds: 4 });
    expect(feedProgress('a', before, pulse(taken, -2), now)).toEqual({ ...progress, lagSeconds: 0 });
  });

  it('is behind from when that is found, without or with an older pulse', () => {
    const found = { consumer: 'a', behindSince: now, lagSeconds: 0 };
    expect(feedProgress('a', before, null, now)).toEqual(found);
    expect(feedProgress('a', before, pulse('2026-01-01T11:55:00Z', 1), now)).toEqual(found);
  });

  it('that stays behind lags since it was found, until it has seen the newest', () => {
    const later = addSeconds(now, 300);
    const behind = { takenOn: now, behindSince: now };
    expect(feedProgress('a', behind, pulse(taken, 400), later)).toMatchObject({
      behindSince: now,
      lagSeconds: 300,
    });
    expect(feedProgress('a', behind, pulse(now, 3), later)).toMatchObject({
      behindSince: null,
      lagSeconds: 3,
    });
  });
});
