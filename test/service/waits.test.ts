import { expect, test } from 'vitest';
import { Problem } from '../../shared/api/problem.ts';
import { StoreThrottled, StoreUnavailable, WriteConflict } from '../../shared/ports/document-store.ts';
import { PackageExists, VaultUnavailable } from '../../shared/ports/package-vault.ts';
import { QueueUnavailable } from '../../shared/ports/work-queue.ts';
import { Later, waitSecondsAfter } from '../../shared/services/waits.ts';

test.each([
  ['a busy store, as it says', new StoreThrottled(7), 7],
  ['a busy store, in whole seconds', new StoreThrottled(0.05), 1],
  ['a busy store, never at once', new StoreThrottled(0), 1],
  ['a busy store, for no longer than an hour', new StoreThrottled(1_000_000), 3600],
  ['a store that is away', new StoreUnavailable('test'), 30],
  ['a queue that is away', new QueueUnavailable('test'), 30],
  ['a vault that is away', new VaultUnavailable('test'), 30],
  ['a vault that says how long', new VaultUnavailable('test', 11), 11],
  ['what is yet to be seen, as it says', new Later('test', 2), 2],
  ['what no time was left for', new Later('test'), 30],
  ['too much contention, as that says', new Problem('Contention', 'test', { retryAfterSeconds: 5 }), 5],
  ['too much of anything else', new Problem('Overloaded', 'test'), 30],
])('A trouble that passes is waited for: %s', (_, error, seconds) => {
  expect(waitSecondsAfter(error)).toBe(seconds);
});

test.each([
  ['a defect', new TypeError('test')],
  ['a conflict that nobody expected', new WriteConflict(0, 'version')],
  ['a refusal by a rule', new Problem('GroupNotFound', 'test')],
  ['another package', new PackageExists('test')],
  ['what is no error', 'test'],
])('Waiting does not mend %s', (_, error) => {
  expect(waitSecondsAfter(error)).toBeNull();
});
