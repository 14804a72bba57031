import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addMinutes,
  addSeconds,
  earliest,
  fromInstant,
  latest,
  parseInstant,
  secondsBetween,
  toInstant,
} from '../../shared/domain/instant.ts';
import { at } from './fixtures.ts';

/** From 1970 to the end of 9999. */
const milliseconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59) });

describe('text', () => {
  it.each([
    '2026-11-22T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '2028-02-29T23:59:59Z',
    '2000-02-29T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])('is an instant: %s', (text) => {
    expect(parseInstant(text)).toBe(text);
  });

  it.each([
    ['no day of its month', '2026-02-31T00:00:00Z'],
    ['no leap day', '2026-02-29T00:00:00Z'],
    ['no leap day in a century year', '2100-02-29T00:00:00Z'],
    ['no month', '2026-13-01T00:00:00Z'],
    ['no day', '2026-01-00T00:00:00Z'],
    ['no hour', '2026-01-01T24:00:00Z'],
    ['no minute', '2026-01-01T00:60:00Z'],
    ['a leap second', '2026-12-31T23:59:60Z'],
    ['fractions', '2026-11-22T00:00:00.000Z'],
    ['an offset', '2026-11-22T00:00:00+00:00'],
    ['local time', '2026-11-22T00:00:00'],
    ['a day', '2026-11-22'],
    ['lower case', '2026-11-22t00:00:00z'],
    ['space around it', ' 2026-11-22T00:00:00Z'],
    ['a line end after it', '2026-11-22T00:00:00Z\n'],
    ['a year of five digits', '12026-11-22T00:00:00Z'],
    ['other digits', '２０２６-11-22T00:00:00Z'],
    ['nothing', ''],
  ])('is no instant: %s', (_, text) => {
    expect(parseInstant(text)).toBeNull();
  });
});

describe('milliseconds', () => {
  it.each([
    [0, '1970-01-01T00:00:00Z'],
    [999, '1970-01-01T00:00:00Z'],
    [1000, '1970-01-01T00:00:01Z'],
    [1001.9, '1970-01-01T00:00:01Z'],
    [Date.UTC(2028, 1, 29, 23, 59, 59, 999), '2028-02-29T23:59:59Z'],
  ])('are cut off to whole seconds: %d', (epochMilliseconds, text) => {
    expect(toInstant(epochMilliseconds)).toBe(text);
  });

  it('come back from their instant, without their fraction of a second', () => {
    fc.assert(
      fc.property(milliseconds, (each) => {
        const instant = toInstant(each);
        expect(parseInstant(instant)).toBe(instant);
        expect(fromInstant(instant)).toBe(each - (each % 1000));
      }),
    );
  });

  it('are in the order of their instants', () => {
    fc.assert(
      fc.property(milliseconds, milliseconds, (one, other) => {
        expect(toInstant(one) < toInstant(other)).toBe(Math.floor(one / 1000) < Math.floor(other / 1000));
      }),
    );
  });
});

describe('adding', () => {
  it.each([
    ['2028-02-28T23:59:59Z', 1, '2028-02-29T00:00:00Z'],
    ['2027-02-28T23:59:59Z', 1, '2027-03-01T00:00:00Z'],
    ['2026-12-31T23:59:59Z', 1, '2027-01-01T00:00:00Z'],
    ['2028-03-01T00:00:00Z', -1, '2028-02-29T23:59:59Z'],
    ['2026-11-22T00:00:00Z', 0, '2026-11-22T00:00:00Z'],
  ])('to %s %d seconds gives %s', (from, seconds, to) => {
    expect(addSeconds(at(from), seconds)).toBe(to);
    expect(secondsBetween(at(from), at(to))).toBe(seconds);
  });

  it('minutes is adding sixty seconds each, with no daylight saving', () => {
    expect(addMinutes(at('2026-03-28T12:00:00Z'), 1440)).toBe('2026-03-29T12:00:00Z');
    expect(addMinutes(at('2026-01-01'), 129_600)).toBe('2026-04-01T00:00:00Z');
    expect(addMinutes(at('2026-01-01'), 2_628_000)).toBe('2030-12-31T00:00:00Z');
    expect(addMinutes(at('2026-04-01'), -64_800)).toBe('2026-02-15T00:00:00Z');
  });
});

it('earliest and latest are found wherever they stand', () => {
  const [first, second, third] = [at('2026-01-01'), at('2026-01-01T00:00:01Z'), at('2027-01-01')];
  expect(earliest(second, first, third)).toBe(first);
  expect(earliest(first)).toBe(first);
  expect(latest(second, third, first)).toBe(third);
  expect(latest(third, first, second)).toBe(third);
});
