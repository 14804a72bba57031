import { expect, it } from 'vitest';
import { advanceJob, isAhead, isBehind, newJob } from '../../shared/domain/job.ts';
import { at, GROUP_ID } from './fixtures.ts';

const now = at('2026-02-01');

it('a job begins at the beginning, and stalls ten minutes after nobody carried on with it', () => {
  expect(newJob('fanOut', GROUP_ID, '2:openWindow', now)).toEqual({
    type: 'job',
    id: 'job:fanOut:2:openWindow',
    groupId: GROUP_ID,
    kind: 'fanOut',
    cursor: null,
    nextActionOn: at('2026-02-01T00:10:00Z'),
  });
});

it('a piece done moves the cursor and puts off when the job stalls, and changes nothing else', () => {
  const job = newJob('deletePackages', GROUP_ID, '2:endWindow', now);
  expect(advanceJob(job, 'machine-7', at('2026-02-01T00:09:59Z'))).toEqual({
    ...job,
    cursor: 'machine-7',
    nextActionOn: at('2026-02-01T00:19:59Z'),
  });
});

it.each([
  ['itself', 'machine-7', '2026-02-01T00:09:59Z', false, false],
  ['a later state', 'machine-8', '2026-02-01T00:10:00Z', false, true],
  ['a later state with the same cursor', 'machine-7', '2026-02-01T00:10:00Z', false, true],
  ['an earlier state', 'machine-6', '2026-02-01T00:09:58Z', true, false],
  ['a state of the same second', 'machine-8', '2026-02-01T00:09:59Z', false, true],
])('a job next to %s', (_, cursor, writtenOn, ahead, behind) => {
  const first = newJob('fanOut', GROUP_ID, '2:endWindow', now);
  const job = advanceJob(first, 'machine-7', at('2026-02-01T00:09:59Z'));
  const other = advanceJob(first, cursor, at(writtenOn));
  expect([isAhead(job, other), isBehind(job, other)]).toEqual([ahead, behind]);
});

it('jobs of one group differ by kind and cause', () => {
  const ids = [
    newJob('fanOut', GROUP_ID, '2:openWindow', now),
    newJob('fanOut', GROUP_ID, '2:endWindow', now),
    newJob('fanOut', GROUP_ID, '3:openWindow', now),
    newJob('deletePackages', GROUP_ID, '2:endWindow', now),
    newJob('deleteGroup', GROUP_ID, 'deleted', now),
  ].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9:_.-]{1,255}$/);
});
