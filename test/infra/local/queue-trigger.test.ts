import { app, type InvocationContext } from '@azure/functions';
import { QueueClient } from '@azure/storage-queue';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Azurite, startAzurite } from '../../../infra/local/azurite.ts';
import type { Host } from '../../../infra/local/host.ts';
import { readHostJson } from '../../../infra/local/host-json.ts';
import {
  type Message,
  type OpenMessageQueue,
  storageMessageQueues,
} from '../../../infra/local/message-queue.ts';
import { newWorld, once } from './embedded-host.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

let world = newWorld();
const taken: { message: unknown; metadata: Record<string, unknown> }[] = [];
let handle: ((message: unknown) => unknown) | null = null;

const register = once(() => {
  app.storageQueue('work', {
    connection: 'Work',
    queueName: '%QUEUE%',
    handler: async (message: unknown, context: InvocationContext) => {
      taken.push({ message, metadata: { ...context.triggerMetadata } });
      await handle?.(message);
    },
  });
});

beforeEach(() => {
  world = newWorld();
  taken.length = 0;
  handle = null;
});

async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await wait(5);
}

async function hosted(
  messageQueues: OpenMessageQueue,
  work: (host: Host) => Promise<void>,
  queue = 'work',
): Promise<void> {
  const host = await world.start(register, { messageQueues, settings: { QUEUE: queue } });
  await work(host);
  await host.stop();
}

/** A queue that tests put messages into by hand, and what was done with them. */
function handFedQueue() {
  const waiting: Message[] = [];
  const done: string[] = [];
  const failures: Error[] = [];
  const sizes: number[] = [];
  const open: OpenMessageQueue = async () => ({
    async receive(count) {
      const failure = failures.pop();
      if (failure !== undefined) throw failure;
      sizes.push(count);
      return waiting.splice(0, count);
    },
    delete: async ({ messageId }) => void done.push(`deleted ${messageId}`),
    show: async ({ messageId }, afterSeconds) => void done.push(`shown ${messageId} in ${afterSeconds} s`),
    bury: async ({ messageId }) => void done.push(`buried ${messageId}`),
  });
  function put(messageId: string, messageText = base64(messageId), dequeueCount = 1): void {
    const [insertedOn, expiresOn, nextVisibleOn] = ['2026-11-22', '9999-12-31', '2026-11-23'].map(
      (day) => new Date(day),
    ) as [Date, Date, Date];
    const times = { insertedOn, expiresOn, nextVisibleOn };
    waiting.push({ messageId, messageText, dequeueCount, popReceipt: 'receipt', ...times });
  }
  return { open, put, done, failures, sizes };
}

describe('a queue', () => {
  test('hands over messages as the real host does: JSON as values, other text as it is', async () => {
    const queue = handFedQueue();
    queue.put('a', base64('{"id":"ä"}'));
    queue.put('b', base64('plain'));
    await hosted(queue.open, () => until(() => queue.done.length === 2));
    expect(taken.map(({ message }) => message)).toEqual([{ id: 'ä' }, 'plain']);
    expect(queue.done).toEqual(['deleted a', 'deleted b']);
    expect(taken[1]?.metadata).toEqual({
      queueTrigger: 'plain',
      id: 'b',
      popReceipt: 'receipt',
      dequeueCount: 1,
      insertionTime: '2026-11-22T00:00:00.000Z',
      expirationTime: '9999-12-31T00:00:00.000Z',
      nextVisibleTime: '2026-11-23T00:00:00.000Z',
    });
  });

  test('has a message that failed seen again later, and buries it, before it is deleted, at the last time', async () => {
    const { queues } = await readHostJson(new URL('../../../host.json', import.meta.url));
    const queue = handFedQueue();
    handle = () => Promise.reject(new Error('broken'));
    queue.put('first');
    await hosted(queue.open, async () => {
      await until(() => queue.done.length === 1);
      queue.put('last', base64('last'), queues.maxDequeueCount);
      await until(() => queue.done.length === 3);
    });
    expect(queue.done).toEqual([
      `shown first in ${queues.visibilitySeconds} s`,
      'buried last',
      'deleted last',
    ]);
    expect(world.entries.map(({ level, source }) => [level, source])).toEqual([
      ['warning', 'work'],
      ['error', 'work'],
    ]);
    expect(world.entries[1]?.message).toMatch(/^DEAD LETTER: message last .* work-poison: .*broken/s);
  });

  test('buries, without its function, what is no text in base64 and what killed its host every time', async () => {
    const queue = handFedQueue();
    queue.put('no base64', '{"id":1}');
    queue.put('no text', Buffer.from([0xff, 0xfe]).toString('base64'));
    queue.put('killer', base64('x'), 6);
    await hosted(queue.open, () => until(() => queue.done.length === 6));
    expect(queue.done.filter((each) => each.startsWith('buried'))).toHaveLength(3);
    expect(taken).toEqual([]);
  });

  test('takes no more when enough are under way', async () => {
    const { queues } = await readHostJson(new URL('../../../host.json', import.meta.url));
    const queue = handFedQueue();
    const gate = Promise.withResolvers<void>();
    handle = () => gate.promise;
    const count = queues.batchSize + queues.newBatchThreshold + 5;
    for (let number = 0; number < count; number++) queue.put(`m${number}`);
    await hosted(queue.open, async () => {
      await until(() => taken.length === queues.batchSize);
      await wait(50);
      expect(taken).toHaveLength(queues.batchSize);
      gate.resolve();
      await until(() => queue.done.length === count);
    });
    expect(new Set(queue.sizes)).toEqual(new Set([queues.batchSize]));
  });

  test('finishes what is under way when the host stops, and takes nothing else', async () => {
    const queue = handFedQueue();
    handle = () => wait(100);
    queue.put('under way');
    await hosted(queue.open, async () => {
      await until(() => taken.length === 1);
      queue.put('left');
    });
    expect(queue.done).toEqual(['deleted under way']);
  });

  test('that fails is told, and looked at again', async () => {
    const queue = handFedQueue();
    queue.failures.push(new Error('down'));
    queue.put('a');
    await hosted(queue.open, () => until(() => queue.done.length === 1));
    expect(world.entries).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining('down') }),
    ]);
  });
});

test('a setting that the queue’s name needs and is missing is refused by name', async () => {
  const starting = world.start(register, { messageQueues: handFedQueue().open });
  await expect(starting).rejects.toThrow('QUEUE');
});

describe('on a storage that accepts and never answers', () => {
  test.each([
    ['the queue is made', []],
    ['messages are received', ['PUT']],
  ])('a host stops soon, while %s', async (_, answered) => {
    const hanging: string[] = [];
    const server = createServer(({ method = '' }, response) => {
      if (answered.includes(method)) response.writeHead(201).end();
      else hanging.push(method);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const key = base64('key');
    const account = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};QueueEndpoint=http://127.0.0.1:${port}/a;`;
    let stoppingAt = 0;
    await hosted(storageMessageQueues({ Work: account }), async () => {
      await until(() => hanging.length > 0);
      stoppingAt = performance.now();
    });
    expect(performance.now() - stoppingAt).toBeLessThan(2000);
    expect(world.entries).toEqual([]);
    server.closeAllConnections();
    server.close();
  });
});

describe('on Azurite', () => {
  const location = mkdtempSync(join(tmpdir(), 'keyturn-queue-'));
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite({
      location,
      onUnexpectedExit: (error) => {
        throw error;
      },
    });
  });
  afterAll(async () => {
    await azurite.stop();
    rmSync(location, { recursive: true });
  });
  const client = (name: string): QueueClient => new QueueClient(azurite.connectionString, name);

  // Of two settings the one with the prefix counts, as on the real host.
  test.each([
    ['Work', 'plain'],
    ['AzureWebJobsWork', 'prefixed'],
  ])(
    'the queue of %s is made, its messages are taken up soon, and poison is kept apart',
    async (setting, name) => {
      const queues = storageMessageQueues({ Work: 'nothing', [setting]: azurite.connectionString });
      handle = (message) => (message === 'poison' ? Promise.reject(new Error('poison')) : null);
      await hosted(
        queues,
        async () => {
          await until(() => client(name).exists());
          await client(name).sendMessage(base64('{"good":true}'));
          await client(name).sendMessage('not base64');
          await until(() => client(`${name}-poison`).exists());
          await until(async () => (await client(name).getProperties()).approximateMessagesCount === 0);
        },
        name,
      );
      expect(taken.map(({ message }) => message)).toEqual([{ good: true }]);
      const { peekedMessageItems } = await client(`${name}-poison`).peekMessages();
      expect(peekedMessageItems.map(({ messageText }) => messageText)).toEqual(['not base64']);
    },
  );

  test('a message that failed is there again, unseen for now', async () => {
    handle = () => Promise.reject(new Error('broken'));
    await hosted(
      storageMessageQueues({ Work: azurite.connectionString }),
      async () => {
        await until(() => client('failing').exists());
        await client('failing').sendMessage(base64('x'));
        await until(() => world.entries.length > 0);
      },
      'failing',
    );
    expect(taken[0]?.metadata).toMatchObject({ dequeueCount: 1, id: expect.any(String) });
    expect((await client('failing').getProperties()).approximateMessagesCount).toBe(1);
    expect((await client('failing').peekMessages()).peekedMessageItems).toEqual([]);
  });
});
