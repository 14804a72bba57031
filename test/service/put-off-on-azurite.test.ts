// What is put off, all the way: the real functions on the embedded host, with a queue of Azurite's in between; what fails is
// shown again after a second here, and given up after the second time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAzurite } from '../../infra/local/azurite.ts';
import type { Azurite } from '../../infra/local/azurite.ts';
import { startHost } from '../../infra/local/host.ts';
import type { Host } from '../../infra/local/host.ts';
import { storageMessageQueues } from '../../infra/local/message-queue.ts';
import { storageWorkQueue } from '../../shared/adapters/storage-work-queue.ts';
import { closeSystem, useSystem } from '../../shared/compose.ts';
import type { ComposedSystem } from '../../shared/compose.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import { countDeadLetters, redriveDeadLetters } from '../../shared/services/dead-letters.ts';
import { hookedPorts } from './hooked-ports.ts';
import { newTestSystem, TEST_SCHEDULES } from './running-service.ts';
import { ids, isNotificationOf, newEvents, notifiedOf } from './status-events.ts';

const ports = hookedPorts();
const folder = mkdtempSync(join(tmpdir(), 'keyturn-put-off-'));
let azurite: Azurite;
let system: ComposedSystem;
let host: Host;

beforeAll(async () => {
  azurite = await startAzurite({
    location: join(folder, 'azurite'),
    onUnexpectedExit(error) {
      throw error;
    },
  });
  const { connectionString } = azurite;
  const queue = storageWorkQueue({
    connection: { kind: 'connectionString', connectionString },
    queue: 'fleet-retries',
  });
  system = { ...newTestSystem(ports.parts), queue };
  useSystem(system);
  const hostJson = join(folder, 'host.json');
  const queues = { visibilityTimeout: '00:00:01', maxDequeueCount: 2, maxPollingInterval: '00:00:01' };
  writeFileSync(hostJson, JSON.stringify({ extensions: { queues } }));
  const settings = { ...TEST_SCHEDULES, AzureWebJobsStorage: connectionString };
  host = await startHost({
    load: () => import('../../functions/index.ts'),
    clock: system.clock,
    changeFeed: system.feed,
    checkpoints: system.feed,
    messageQueues: storageMessageQueues(settings),
    hostJson: pathToFileURL(hostJson),
    settings,
    address: { host: '127.0.0.1', port: 0 },
    log: () => undefined,
    feedPollMilliseconds: 20,
  });
});
afterAll(async () => {
  await host.stop();
  await closeSystem();
  await azurite.stop();
  rmSync(folder, { recursive: true });
});

/** Resolves once it is so; the test's own time limit ends what never is. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(50);
}

test('A change that the store is too busy for is handled when the store has time', async () => {
  const machines = ids(3);
  let refusals = 0;
  ports.hook({
    before: (call) => {
      if (isNotificationOf(call) && ++refusals === 1) throw new StoreThrottled(1);
    },
  });
  const [event] = await newEvents({ system }, machines);
  await until(async () => (await notifiedOf({ system }, event?.groupId ?? '')).length > 0);
  expect(await notifiedOf({ system }, event?.groupId ?? '')).toEqual(machines.toSorted());
  expect(refusals).toBe(2);
});

test('A change that cannot be handled is a dead letter, until that is mended and people have it tried anew', async () => {
  const [bad = '', good = ''] = ids(2);
  ports.hook({
    before: (call) => {
      if (isNotificationOf(call, bad)) throw new Error('a defect, by the test');
    },
  });
  const [event] = await newEvents({ system }, [bad, good]);
  const groupId = event?.groupId ?? '';
  // It was put off for half a minute: nobody waits for that here.
  await until(async () => (await notifiedOf({ system }, groupId)).length === 1);
  await system.queue.send({ consumer: 'event-notifications', groupId, documentIds: [event?.id] }, 0);
  await until(async () => (await countDeadLetters(system)).count === 1);
  expect(await notifiedOf({ system }, groupId)).toEqual([good]);
  ports.hook({});
  expect(await redriveDeadLetters(system)).toEqual({ redriven: 1 });
  await until(async () => (await notifiedOf({ system }, groupId)).length === 2);
  expect(await countDeadLetters(system)).toEqual({ count: 0 });
});
