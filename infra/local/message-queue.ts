// A queue of Azure Storage or Azurite, as a queue trigger needs it: the queue itself and that of its dead letters, both
// made when they are missing. Every request ends in time; one for messages as soon as the host stops.
import type { DequeuedMessageItem } from '@azure/storage-queue';
import { type AzureConnection, azureConnection } from '../../shared/adapters/azure-connection.ts';
import { CALL_MILLISECONDS_MAX, openQueues, type Queues } from '../../shared/adapters/storage-work-queue.ts';
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

/**
 * Opens the queue that a registration names; once `signal` has aborted, no more is received from it.
 * @throws Error for settings that name no account.
 */
export type OpenMessageQueue = (
  connection: string,
  queue: string,
  signal: AbortSignal,
) => Promise<MessageQueue>;

const DEFAULT_CONNECTION = 'AzureWebJobsStorage';
const PREFIX = 'AzureWebJobs';
const NEVER_EXPIRES = -1;

/** Opens queues of the accounts that settings describe, under their name or, as the real host, one with a prefix. */
export function storageMessageQueues(settings: Settings): OpenMessageQueue {
  return async (name, queueName, signal) =>
    messageQueue(await openQueues(connectionOf(name || DEFAULT_CONNECTION, settings), queueName), signal);
}

function connectionOf(name: string, settings: Settings): AzureConnection {
  const prefixed = PREFIX + name;
  const isPrefixed = Object.keys(settings).some(
    (each) => each === prefixed || each.startsWith(`${prefixed}__`),
  );
  return azureConnection(settings, isPrefixed ? prefixed : name, 'queue');
}

function inTime(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(CALL_MILLISECONDS_MAX) };
}

async function messageQueue({ main, poison }: Queues, signal: AbortSignal): Promise<MessageQueue> {
  const unlessStopped = () => ({ abortSignal: AbortSignal.any([signal, inTime().abortSignal]) });
  await main.createIfNotExists(unlessStopped());
  return {
    async receive(count, hiddenSeconds) {
      const options = {
        numberOfMessages: count,
        visibilityTimeout: hiddenSeconds,
        ...unlessStopped(),
      };
      return (await main.receiveMessages(options)).receivedMessageItems;
    },
    async delete({ messageId, popReceipt }) {
      await main.deleteMessage(messageId, popReceipt, inTime());
    },
    async show({ messageId, popReceipt, messageText }, afterSeconds) {
      await main.updateMessage(messageId, popReceipt, messageText, afterSeconds, inTime());
    },
    async bury({ messageText }) {
      await poison.createIfNotExists(inTime());
      await poison.sendMessage(messageText, { messageTimeToLive: NEVER_EXPIRES, ...inTime() });
    },
  };
}
