// Work in a queue of Azure Storage or Azurite, as the Functions host reads it: messages in base64, and dead letters in the
// queue beside it whose name ends in `-poison`. Queues are made when they are missing. Every call ends in time.
import type { DequeuedMessageItem, QueueClient, StoragePipelineOptions } from '@azure/storage-queue';
import { QueueUnavailable } from '../ports/work-queue.ts';
import type { WorkQueue } from '../ports/work-queue.ts';
import type { AzureConnection } from './azure-connection.ts';
import { isPassing, isRefusal } from './storage-errors.ts';
import { toWorkText } from './work-message.ts';

export interface StorageWorkQueueOptions {
  readonly connection: AzureConnection;
  /** Dead letters are in `<queue>-poison`. */
  readonly queue: string;
  /** The longest that one request may take, with its repeats. */
  readonly callMillisecondsMax?: number;
}

/** The longest that one request may take, with its repeats, when nothing else is said. */
export const CALL_MILLISECONDS_MAX = 20_000;

/** Whoever waits is an invocation that comes again: a failure is better told soon than tried for long. */
const PIPELINE: StoragePipelineOptions = {
  retryOptions: { maxTries: 2, tryTimeoutInMs: 5000, retryDelayInMs: 200, maxRetryDelayInMs: 1000 },
};

/** As many as one request gives. */
const RECEIVED_MAX = 32;
/** Dead letters that are being redriven are kept from others who do the same. */
const REDRIVING_SECONDS = 60;
const NEVER_EXPIRES = -1;

export interface Queues {
  readonly main: QueueClient;
  readonly poison: QueueClient;
}

export function storageWorkQueue(options: StorageWorkQueueOptions): WorkQueue {
  const inTime = () => ({
    abortSignal: AbortSignal.timeout(options.callMillisecondsMax ?? CALL_MILLISECONDS_MAX),
  });
  let opened: Promise<Queues> | null = null;
  const queues = (): Promise<Queues> => (opened ??= openQueues(options.connection, options.queue));

  async function put(queue: QueueClient, messageText: string, visibilityTimeout: number): Promise<void> {
    const send = () =>
      queue.sendMessage(messageText, {
        visibilityTimeout,
        messageTimeToLive: NEVER_EXPIRES,
        ...inTime(),
      });
    try {
      await send();
    } catch (error) {
      if (!isRefusal(error, 'QueueNotFound')) throw error;
      await queue.createIfNotExists(inTime());
      await send();
    }
  }

  async function count(queue: QueueClient): Promise<number> {
    const { approximateMessagesCount = 0 } = await queue.getProperties(inTime());
    return approximateMessagesCount;
  }

  async function receive({ poison }: Queues, wanted: number): Promise<readonly DequeuedMessageItem[]> {
    const { receivedMessageItems } = await poison.receiveMessages({
      numberOfMessages: Math.min(wanted, RECEIVED_MAX),
      visibilityTimeout: REDRIVING_SECONDS,
      ...inTime(),
    });
    return receivedMessageItems;
  }

  /** Put before it is taken away: a crash in between leaves it in both places. */
  async function move({ main, poison }: Queues, letter: DequeuedMessageItem): Promise<void> {
    await put(main, letter.messageText, 0);
    try {
      await poison.deleteMessage(letter.messageId, letter.popReceipt, inTime());
    } catch (error) {
      // It took longer than the letter was kept from others: it is theirs now.
      if (!isRefusal(error, 'MessageNotFound') && !isRefusal(error, 'PopReceiptMismatch')) throw error;
    }
  }

  return {
    async send(message, afterSeconds) {
      const text = Buffer.from(toWorkText(message, afterSeconds)).toString('base64');
      await translated(async () => put((await queues()).main, text, afterSeconds));
    },

    async waiting() {
      return unlessMissing(async () => count((await queues()).main));
    },

    async deadLetters() {
      return unlessMissing(async () => count((await queues()).poison));
    },

    async redrive(limit) {
      return unlessMissing(async () => {
        const both = await queues();
        let done = 0;
        while (done < limit) {
          const letters = await receive(both, limit - done);
          for (const letter of letters) await move(both, letter);
          done += letters.length;
          if (letters.length === 0) break;
        }
        return done;
      });
    },
  };
}

/** The queue and that of its dead letters. Loaded when it is used: a service whose changes all go well never does. */
export async function openQueues(connection: AzureConnection, queue: string): Promise<Queues> {
  const { QueueClient } = await import('@azure/storage-queue');
  const open = (name: string): QueueClient =>
    connection.kind === 'connectionString'
      ? new QueueClient(connection.connectionString, name, PIPELINE)
      : new QueueClient(new URL(name, connection.endpoint).href, connection.credential, PIPELINE);
  return { main: open(queue), poison: open(`${queue}-poison`) };
}

/** A queue is made by whoever puts the first message. */
async function unlessMissing(work: () => Promise<number>): Promise<number> {
  return translated(async () => {
    try {
      return await work();
    } catch (error) {
      if (isRefusal(error, 'QueueNotFound')) return 0;
      throw error;
    }
  });
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isPassing(error)) throw error;
    throw new QueueUnavailable(`the queue is not available: ${error.message}`, { cause: error });
  }
}
