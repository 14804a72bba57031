// A queue of Azure Storage or Azurite, as a queue trigger needs it: the queue itself and that of its dead letters, both
// made when they are missing.
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { type AzureConnection, azureConnection } from '../../shared/adapters/azure-connection.ts';
import type { Settings } from './settings.ts';

/** A message as it was received: nobody else sees it for a while. */
export type Message = DequeuedMessageItem;

export interface MessageQueue {
  /** Up to `count` messages that nobody sees for so long; at once, none included. */
  receive(count: number, hiddenSeconds: number): Promise<readonly Message[]>;
  delete(message: Message): Promise<void>;
  /** Has the message seen again in so many seconds. */
  show(message: Message, afterSeconds: number): Promise<void>;
  /** Puts its text among the dead letters, where it stays. */
  bury(message: Message): Promise<void>;
}

/** Opens the queue that a registration names. @throws Error for settings that name no account. */
export type OpenMessageQueue = (connection: string, queue: string) => Promise<MessageQueue>;

const DEFAULT_CONNECTION = 'AzureWebJobsStorage';
const PREFIX = 'AzureWebJobs';
const NEVER_EXPIRES = -1;

/** Opens queues of the accounts that settings describe, under their name or, as the real host, one with a prefix. */
export function storageMessageQueues(settings: Settings): OpenMessageQueue {
  return async (name, queueName) => {
    const { QueueClient } = await import('@azure/storage-queue');
    const account = connectionOf(name || DEFAULT_CONNECTION, settings);
    const open = (queue: string): QueueClient =>
      account.kind === 'connectionString'
        ? new QueueClient(account.connectionString, queue)
        : new QueueClient(new URL(queue, account.endpoint).href, account.credential);
    return messageQueue(open(queueName), open(`${queueName}-poison`));
  };
}

function connectionOf(name: string, settings: Settings): AzureConnection {
  const prefixed = PREFIX + name;
  const isPrefixed = Object.keys(settings).some(
    (each) => each === prefixed || each.startsWith(`${prefixed}__`),
  );
  return azureConnection(settings, isPrefixed ? prefixed : name, 'queue');
}

async function messageQueue(queue: QueueClient, poison: QueueClient): Promise<MessageQueue> {
  await queue.createIfNotExists();
  return {
    async receive(count, hiddenSeconds) {
      const options = { numberOfMessages: count, visibilityTimeout: hiddenSeconds };
      return (await queue.receiveMessages(options)).receivedMessageItems;
    },
    async delete({ messageId, popReceipt }) {
      await queue.deleteMessage(messageId, popReceipt);
    },
    async show({ messageId, popReceipt, messageText }, afterSeconds) {
      await queue.updateMessage(messageId, popReceipt, messageText, afterSeconds);
    },
    async bury({ messageText }) {
      await poison.createIfNotExists();
      await poison.sendMessage(messageText, { messageTimeToLive: NEVER_EXPIRES });
    },
  };
}
