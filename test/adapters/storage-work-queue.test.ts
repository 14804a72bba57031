// Against the real queue service of Azurite, and against storage that does not answer as it should.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startAzurite } from '../../infra/local/azurite.ts';
import type { Azurite } from '../../infra/local/azurite.ts';
import { storageWorkQueue } from '../../shared/adapters/storage-work-queue.ts';
import type { StorageWorkQueueOptions } from '../../shared/adapters/storage-work-queue.ts';
import { QueueUnavailable } from '../../shared/ports/work-queue.ts';
import type { WorkQueue } from '../../shared/ports/work-queue.ts';
import { describeWorkQueue } from '../conformance/work-queue.ts';

const location = mkdtempSync(join(tmpdir(), 'keyturn-queue-'));
let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite({
    location,
    onUnexpectedExit(error) {
      throw error;
    },
  });
});
afterAll(async () => {
  await azurite.stop();
  rmSync(location, { recursive: true });
});

/** A queue of its own, which is missing as yet, and both of its sides as the Functions host sees them. */
function newQueue() {
  const { connectionString } = azurite;
  const name = `work-${randomUUID()}`;
  return {
    queue: storageWorkQueue({ connection: { kind: 'connectionString', connectionString }, queue: name }),
    main: new QueueClient(connectionString, name),
    poison: new QueueClient(connectionString, `${name}-poison`),
  };
}

function toText(message: unknown): string {
  return Buffer.from(JSON.stringify(message)).toString('base64');
}

function fromText(text: string): unknown {
  return JSON.parse(Buffer.from(text, 'base64').toString());
}

async function takeAll(client: QueueClient): Promise<unknown[]> {
  await client.createIfNotExists();
  const taken: unknown[] = [];
  for (;;) {
    const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: 32 });
    if (receivedMessageItems.length === 0) return taken;
    for (const { messageId, popReceipt, messageText } of receivedMessageItems) {
      await client.deleteMessage(messageId, popReceipt);
      taken.push(fromText(messageText));
    }
  }
}

describeWorkQueue('storageWorkQueue', async () => {
  const { queue, main, poison } = newQueue();
  return {
    queue,
    take: () => takeAll(main),
    async bury(message) {
      await poison.createIfNotExists();
      await poison.sendMessage(toText(message));
    },
    pass: (seconds) => wait(seconds * 1000),
  };
});

describe('work in a queue of Azure Storage', () => {
  it('is JSON in base64, as the Functions host expects it, and never expires', async () => {
    const { queue, main } = newQueue();
    await queue.send({ documentId: 'event:ä' }, 0);
    const [message] = (await main.peekMessages()).peekedMessageItems;
    expect(message?.messageText).toBe(toText({ documentId: 'event:ä' }));
    expect(message?.expiresOn.getUTCFullYear()).toBe(9999);
  });

  it('never expires once it is redriven, either', async () => {
    const { queue, main, poison } = newQueue();
    await poison.create();
    await poison.sendMessage(toText('dead'), { messageTimeToLive: 600 });
    await queue.redrive(1);
    const [message] = (await main.peekMessages()).peekedMessageItems;
    expect(message?.expiresOn.getUTCFullYear()).toBe(9999);
  });

  it('is put into the queue anew when somebody removed that', async () => {
    const { queue, main } = newQueue();
    await queue.send('before', 0);
    await main.delete();
    await queue.send('after', 0);
    expect(await takeAll(main)).toEqual(['after']);
  });

  it('is moved whole from among the dead, even what is no message of ours', async () => {
    const { queue, main, poison } = newQueue();
    await poison.create();
    await poison.sendMessage('not base64 & <no> JSON');
    expect(await queue.redrive(1)).toBe(1);
    const [message] = (await main.receiveMessages()).receivedMessageItems;
    expect(message?.messageText).toBe('not base64 & <no> JSON');
  });

  it('is moved once, by two who redrive at the same time', async () => {
    const { queue, main, poison } = newQueue();
    await poison.create();
    for (let number = 0; number < 10; number++) await poison.sendMessage(toText(number));
    const moved = await Promise.all([queue.redrive(10), queue.redrive(10)]);
    expect(moved[0] + moved[1]).toBe(10);
    expect(new Set(await takeAll(main)).size).toBe(10);
  });
});

/** Every call of the port, as outcomes. */
function outcomesOf(queue: WorkQueue): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled([queue.send('work', 0), queue.waiting(), queue.deadLetters(), queue.redrive(1)]);
}

function queueAt(port: number, options: Partial<StorageWorkQueueOptions> = {}): WorkQueue {
  const key = Buffer.from('key').toString('base64');
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};QueueEndpoint=http://127.0.0.1:${port}/a;`;
  return storageWorkQueue({
    connection: { kind: 'connectionString', connectionString },
    queue: 'work',
    ...options,
  });
}

async function startStorage(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function refusal(code: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>by the test</Message></Error>`;
}

describe('a queue that does not answer as it should', () => {
  it('is unavailable to every call when it is gone', async () => {
    // Nothing listens on port 1 of the loopback interface.
    for (const outcome of await outcomesOf(queueAt(1))) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueUnavailable) });
    }
  });

  it.each([
    [500, 'InternalError'],
    [503, 'ServerBusy'],
    [429, 'TooManyRequests'],
    [409, 'QueueBeingDeleted'],
  ])('is unavailable to every call when it answers %d %s', async (status, code) => {
    const port = await startStorage((_, response) =>
      response
        .writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code })
        .end(refusal(code)),
    );
    for (const outcome of await outcomesOf(queueAt(port))) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueUnavailable) });
    }
  });

  it('is unavailable to every call, in time, when it never answers', async () => {
    const port = await startStorage(() => undefined);
    const startedAt = performance.now();
    for (const outcome of await outcomesOf(queueAt(port, { callMillisecondsMax: 300 }))) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueUnavailable) });
    }
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('is not merely unavailable when it forbids: waiting does not mend that', async () => {
    const port = await startStorage((_, response) => response.writeHead(403).end());
    for (const outcome of await outcomesOf(queueAt(port))) {
      expect(outcome).toMatchObject({ status: 'rejected' });
      expect(outcome).not.toMatchObject({ reason: expect.any(QueueUnavailable) });
    }
  });

  it('takes no dead letter away that it could not put into the queue', async () => {
    const seen: (string | undefined)[] = [];
    const port = await startStorage(({ method, url }, response) => {
      seen.push(`${method} ${url?.split('?')[0]}`);
      response.setHeader('content-type', 'application/xml');
      if (method === 'GET') response.end(ONE_DEAD_LETTER);
      else response.writeHead(503).end(refusal('ServerBusy'));
    });
    await expect(queueAt(port).redrive(1)).rejects.toBeInstanceOf(QueueUnavailable);
    expect(new Set(seen)).toEqual(new Set(['GET /a/work-poison/messages', 'POST /a/work/messages']));
  });
});

const ONE_DEAD_LETTER = `<?xml version="1.0" encoding="utf-8"?>
<QueueMessagesList>
  <QueueMessage>
    <MessageId>1</MessageId>
    <InsertionTime>Thu, 01 Jan 2026 00:00:00 GMT</InsertionTime>
    <ExpirationTime>Fri, 31 Dec 9999 23:59:59 GMT</ExpirationTime>
    <PopReceipt>receipt</PopReceipt>
    <TimeNextVisible>Thu, 01 Jan 2026 00:01:00 GMT</TimeNextVisible>
    <DequeueCount>1</DequeueCount>
    <MessageText>${toText('dead')}</MessageText>
  </QueueMessage>
</QueueMessagesList>`;
