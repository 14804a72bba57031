// Changes that would take longer than a function may last: what is handled is handled several groups at a time, and the rest is
// put off while there is time for that. Here the calls of the store are the time.
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FleetDocument } from '../../shared/ports/document-store.ts';
import { StoreThrottled, WriteConflict } from '../../shared/ports/document-store.ts';
import { handleChanges, retryChanges } from '../../shared/services/change-handling.ts';
import { hookedPorts } from './hooked-ports.ts';
import type { RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { ids, isNotificationOf, newEvents, notifiedOf } from './status-events.ts';

const AT_A_TIME = 8;
const ports = hookedPorts();
let service: RunningService;
let calls: string[];
let underWay: number;
let mostUnderWay: number;

beforeAll(async () => {
  service = await startService(ports.parts);
  ports.restFeeds(true);
});
beforeEach(() => {
  ports.hook({});
  calls = [];
  underWay = mostUnderWay = 0;
});
afterAll(() => service.stop());

/** Every write of a notification takes a while, and fails that way. */
function slowly(failure: Error | null): void {
  ports.hook({
    before: async (call) => {
      calls.push(call.kind);
      if (!isNotificationOf(call)) return;
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      await setImmediate();
      underWay -= 1;
      if (failure !== null) throw failure;
    },
  });
}

/** Time for so many calls of the store. */
function timeFor(count: number): () => boolean {
  return () => storeCalls() < count;
}

function storeCalls(): number {
  return calls.filter((kind) => kind.startsWith('store.')).length;
}

async function ofGroups(count: number): Promise<FleetDocument[]> {
  const all = [];
  for (let number = 0; number < count; number++) all.push(...(await newEvents(service, ids(2))));
  return all;
}

function groupsOf(all: readonly { readonly groupId: string }[]): string[] {
  return [...new Set(all.map(({ groupId }) => groupId))].toSorted();
}

test('A store that makes every call wait in vain has each group put off as it fails, eight at a time', async () => {
  const documents = await ofGroups(100);
  slowly(new StoreThrottled(5));
  const left = await handleChanges(service.system, 'event-notifications', documents);
  expect(groupsOf(left)).toEqual(groupsOf(documents));
  expect(mostUnderWay).toBe(AT_A_TIME);
  expect(calls.indexOf('queue.send')).toBeLessThanOrEqual(AT_A_TIME);
});

test('What no time is left for is put off untried, all of a group together', async () => {
  const documents = await ofGroups(100);
  slowly(new StoreThrottled(5));
  const left = await handleChanges(service.system, 'event-notifications', documents, timeFor(20));
  expect(groupsOf(left)).toEqual(groupsOf(documents));
  expect(storeCalls()).toBeLessThan(20 + AT_A_TIME);
  expect(calls.filter((kind) => kind === 'queue.send')).toHaveLength(100);
  ports.hook({});
  service.clock.advanceSeconds(30);
  await service.deliverRetries();
  for (const groupId of groupsOf(documents)) expect(await notifiedOf(service, groupId)).toHaveLength(2);
});

test('A group with a change that cannot be handled is looked through for no longer than there is time', async () => {
  const documents = await newEvents(service, ids(64));
  slowly(new Error('a defect, by the test'));
  const left = await handleChanges(service.system, 'event-notifications', documents, timeFor(10));
  expect(left.flatMap(({ documentIds }) => documentIds)).toEqual(documents.map(({ id }) => id));
  expect(storeCalls()).toBe(10);
});

test('Changes that were seen before, one by one, take no longer, either', async () => {
  const documents = await newEvents(service, ids(50));
  slowly(new WriteConflict(0, 'exists'));
  const left = await handleChanges(service.system, 'event-notifications', documents, timeFor(10));
  expect(left).toMatchObject([{ isPassing: true, afterSeconds: 30 }]);
  expect(storeCalls()).toBe(10);
});

test('What was put off is put off again when reading it takes too long', async () => {
  const documents = await newEvents(service, ids(50));
  slowly(null);
  const message = {
    consumer: 'event-notifications',
    groupId: documents[0]?.groupId,
    documentIds: documents.map(({ id }) => id),
  };
  const left = await retryChanges(service.system, message, timeFor(10));
  expect(left).toMatchObject([{ isPassing: true, documentIds: message.documentIds }]);
  expect(storeCalls()).toBe(10);
});

test('A queue that refuses is asked no more for the batch, and all that can be handled is', async () => {
  const badMachines = ids(2);
  const bad = await newEvents(service, badMachines);
  const good = await ofGroups(30);
  let asked = 0;
  ports.hook({
    before: (call) => {
      if (call.kind === 'queue.send') {
        asked += 1;
        throw new Error('by the test');
      }
      if (isNotificationOf(call, ...badMachines)) throw new StoreThrottled(5);
    },
  });
  const handled = handleChanges(service.system, 'event-notifications', [...bad, ...good]);
  await expect(handled).rejects.toThrow(AggregateError);
  ports.hook({});
  expect(asked).toBe(1);
  for (const groupId of groupsOf(bad)) expect(await notifiedOf(service, groupId)).toEqual([]);
  for (const groupId of groupsOf(good)) expect(await notifiedOf(service, groupId)).toHaveLength(2);
});
