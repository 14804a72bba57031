import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../../infra/local/ncrontab.ts';
import { instant } from './embedded-host.ts';

function occurrences(schedule: string, from: string, count: number): string[] {
  const { next } = parseSchedule(schedule);
  const found: string[] = [];
  for (let last = instant(from); found.length < count; found.push(last)) last = next(last);
  return found;
}

// 2026-11-22 is a Sunday.
describe('the next occurrences after Sunday 2026-11-22T00:00:00Z', () => {
  test.each([
    ['0 */5 * * * *', ['2026-11-22T00:05:00Z', '2026-11-22T00:10:00Z']],
    ['*/15 * * * * *', ['2026-11-22T00:00:15Z', '2026-11-22T00:00:30Z']],
    ['30 0 0 * * *', ['2026-11-22T00:00:30Z', '2026-11-23T00:00:30Z']],
    ['0 0 0 * * *', ['2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z']],
    ['0 30 9 * * MON-FRI', ['2026-11-23T09:30:00Z', '2026-11-24T09:30:00Z']],
    ['0 30 9 * * 1-5', ['2026-11-23T09:30:00Z', '2026-11-24T09:30:00Z']],
    ['0 30 9 * Jan mon', ['2027-01-04T09:30:00Z', '2027-01-11T09:30:00Z']],
    ['0 0 0 13 * FRI', ['2027-08-13T00:00:00Z', '2028-10-13T00:00:00Z']],
    ['0 0 0 29 2 *', ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z']],
    ['0 50/5 * * * *', ['2026-11-22T00:50:00Z', '2026-11-22T00:55:00Z']],
    ['0 0 1,3-5/2 * * *', ['2026-11-22T01:00:00Z', '2026-11-22T03:00:00Z', '2026-11-22T05:00:00Z']],
    ['00:10:00', ['2026-11-22T00:10:00Z', '2026-11-22T00:20:00Z']],
  ])('%s', (schedule, expected) => {
    expect(occurrences(schedule, '2026-11-22T00:00:00Z', expected.length)).toEqual(expected);
  });
});

test.each([
  ['*/5 * * * *'],
  ['0 0 0 * * * 2026'],
  ['@hourly'],
  [''],
  ['0 0 0 L * *'],
  ['0 0 0 15W * *'],
  ['0 0 0 ? * *'],
  ['0 0 0 * * FRI#2'],
  ['0 0 0 * * 7'],
  ['60 * * * * *'],
  ['0 0 24 * * *'],
  ['0 0 0 32 * *'],
  ['0 0 0 0 * *'],
  ['0 0 0 * 13 *'],
  ['0 0 0 * MON *'],
  ['0 5-1 * * * *'],
  ['*/0 * * * * *'],
  ['0 0 0 31 2 *'],
  ['00:00:00'],
])('the schedule "%s" is refused', (schedule) => {
  expect(() => parseSchedule(schedule)).toThrow(`"${schedule}"`);
});
