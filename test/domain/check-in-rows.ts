// Tables of check-ins: who comes when, and what is decided.
import { expect, it } from 'vitest';
import { decideCheckIn } from '../../shared/domain/check-in.ts';
import type { CheckInDecision, CheckInInput, PlannedAction } from '../../shared/domain/check-in.ts';
import type { Group } from '../../shared/domain/group.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { at, issued, joiner, machine, opened, phases } from './fixtures.ts';

export interface Moment {
  readonly group: Group;
  readonly now: Instant;
}

export type Caller = Pick<CheckInInput, 'machine'> & Partial<CheckInInput>;

/** Title, moment, and what is decided: `Policy: action, …; pace`, or `Policy: refusal`. */
type Row = readonly [title: string, moment: Moment, decided: string];

/** One test a row: what is decided when the caller checks in. */
export function check(caller: Caller, rows: readonly Row[]): void {
  it.each(rows)('%s', (_, moment, decided) => {
    const decision = decideCheckIn(inputOf(caller, moment));
    expect(inShort(decision)).toBe(decided);
    expect(decision.reason).not.toBe('');
  });
}

/** A capable agent that says it holds nothing and has a password only when it is joining, unless `caller` says more. */
export function inputOf(caller: Caller, moment: Moment): CheckInInput {
  return {
    ...moment,
    canRenew: true,
    minimumAgentVersion: '2.23',
    heldVersions: [],
    hasPassword: caller.machine.membership === 'joining',
    ...caller,
  };
}

function inShort(decision: CheckInDecision): string {
  if (decision.kind === 'refuse') return `${decision.policy}: ${decision.code}`;
  return `${decision.policy}: ${decision.actions.map(actionInShort).join(', ')}; ${decision.pace}`;
}

function actionInShort(planned: PlannedAction): string {
  switch (planned.action) {
    case 'fetchKey':
      return `fetchKey ${planned.key.version} with ${planned.opensWith}`;
    case 'issueKey':
    case 'retireKey':
      return `${planned.action} ${planned.version}`;
    case 'updateAgent':
      return `updateAgent ${planned.minimumVersion}`;
    case 'rejoin':
    case 'wait':
      return planned.action;
  }
}

export const noKey: Moment = { group: phases.noKey, now: at('2026-01-01') };
export const active: Moment = { group: phases.active, now: at('2026-01-10') };
export const open: Moment = { group: phases.open, now: at('2026-02-02') };
export const withKey: Moment = { group: phases.issued, now: at('2026-02-02') };
export const ended: Moment = { group: phases.ended, now: at('2026-03-20') };
export const expired: Moment = { group: phases.expired, now: at('2026-04-02') };

/** The next window: it brings version 3, so that version 1 is two behind. */
export const thirdOpen: Moment = {
  group: opened(phases.ended, at('2026-03-20')),
  now: at('2026-03-21'),
};
export const thirdWithKey: Moment = {
  group: issued(thirdOpen.group, at('2026-03-21')),
  now: at('2026-03-22'),
};

export function later(moment: Moment, now: string): Moment {
  return { ...moment, now: at(now) };
}

/** As once the password was regenerated. */
export function regenerated(moment: Moment): Moment {
  return { ...moment, group: { ...moment.group, passwordStale: false } };
}

export const joining: Caller = { machine: joiner() };
export const unproved: Caller = { machine: machine({ keyVersion: null }) };
/** Holds version 1. */
export const behind: Caller = { machine: machine({ keyVersion: 1 }), heldVersions: [1] };
/** Has proved version 2. */
export const current: Caller = { machine: machine({ keyVersion: 2 }), heldVersions: [2] };
export const outdated = { canRenew: false } as const;
export const rejoining = { hasPassword: true } as const;
