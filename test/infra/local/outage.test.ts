import { expect, test } from 'vitest';
import type { LogEntry } from '../../../infra/local/host-log.ts';
import { newOutage } from '../../../infra/local/outage.ts';
import { StoreUnavailable } from '../../../shared/ports/document-store.ts';

const DOWN = new StoreUnavailable('nobody answers', { cause: new Error('ECONNREFUSED') });

function outage() {
  const entries: LogEntry[] = [];
  return { entries, feed: newOutage('the feed', 'fleet-changes', (entry) => void entries.push(entry)) };
}

test('tries become rarer, to one in half a minute, and are told of once a minute, with their number', () => {
  const { entries, feed } = outage();
  const pauses = Array.from({ length: 9 }, () => feed.failed(DOWN));
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  const why = 'StoreUnavailable: nobody answers\ncaused by Error: ECONNREFUSED';
  expect(entries.map(({ message }) => message)).toEqual([
    `the feed failed: ${why}`,
    `the feed failed 7 times in a row: ${why}`,
    `the feed failed 9 times in a row: ${why}`,
  ]);
});

test('once it is over, the next failure is a first one', () => {
  const { entries, feed } = outage();
  for (let number = 0; number < 3; number++) feed.failed(DOWN);
  feed.over();
  expect(feed.failed(DOWN)).toBe(1000);
  expect(entries).toHaveLength(2);
});

test('of what nobody expected it is told where it comes from', () => {
  const { entries, feed } = outage();
  feed.failed(new TypeError('oops', { cause: new Error('why') }));
  expect(entries[0]?.message).toMatch(/TypeError: oops\n +at .*caused by Error: why\n +at /s);
});
