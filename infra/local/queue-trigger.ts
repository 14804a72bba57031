// Hands the messages of one queue to one function, several at a time, each at least once and in no order. One whose function
// failed is seen again a while later; after so many times it is put among the dead letters, and only then deleted. On real
// time alone: nothing may move a virtual clock, and the queue has a clock of its own.
import { pause } from '../../shared/adapters/pause.ts';
import type { RegisteredFunction } from './functions-core.ts';
import type { QueueSettings } from './host-json.ts';
import { describeError, type HostLog } from './host-log.ts';
import { type Invoker, triggerOf } from './invocation.ts';
import type { Message, MessageQueue, OpenMessageQueue } from './message-queue.ts';
import type { TypedData } from './rpc.ts';
import { newOutage } from './outage.ts';
import { resolveSettings, type Settings } from './settings.ts';

export interface QueueListener {
  /** Takes messages up; resolves once `signal` has aborted and those under way are over. */
  follow(): Promise<void>;
  /** Something may have been put: looks again soon. */
  nudge(): void;
}

export interface QueueListenerOptions {
  readonly fn: RegisteredFunction;
  readonly openQueue: OpenMessageQueue;
  readonly queues: QueueSettings;
  readonly settings: Settings;
  readonly invoker: Invoker;
  readonly log: HostLog;
  readonly signal: AbortSignal;
}

/** Longer than any function may run; a message whose host died is seen again after it. */
const HIDDEN_SECONDS = 600;
/** Between two looks at an empty queue, however often it is nudged; it doubles up to what host.json says. */
const POLL_MILLISECONDS_MIN = 100;

/** Text out of base64; null for what is neither. */
function decode(text: string): string | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text.trim()) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** By the names that the real host gives them; times are JSON texts. */
function triggerMetadata(message: Message, text: string): Readonly<Record<string, TypedData>> {
  return {
    QueueTrigger: { string: text },
    Id: { string: message.messageId },
    PopReceipt: { string: message.popReceipt },
    DequeueCount: { int: message.dequeueCount },
    InsertionTime: { json: JSON.stringify(message.insertedOn) },
    ExpirationTime: { json: JSON.stringify(message.expiresOn) },
    NextVisibleTime: { json: JSON.stringify(message.nextVisibleOn) },
  };
}

/** @throws Error when a setting that the registration names is missing. */
export function newQueueListener(options: QueueListenerOptions): QueueListener {
  const { fn, queues, invoker, log, signal } = options;
  const { name } = fn.metadata;
  const trigger = triggerOf(fn);
  const connection = typeof trigger['connection'] === 'string' ? trigger['connection'] : '';
  const queueName = resolveSettings(String(trigger['queueName']), options.settings, name);
  const underWay = new Set<Promise<void>>();
  let pollMilliseconds = POLL_MILLISECONDS_MIN;
  let wake = new AbortController();
  const nudge = (): void => wake.abort('nudged');
  signal.addEventListener('abort', nudge);

  async function bury(queue: MessageQueue, message: Message, reason: string): Promise<void> {
    await queue.bury(message);
    await queue.delete(message);
    const text = `DEAD LETTER: message ${message.messageId} of ${queueName} is in ${queueName}-poison: ${reason}`;
    log({ level: 'error', source: name, message: text });
  }

  async function handle(queue: MessageQueue, message: Message): Promise<void> {
    const text = decode(message.messageText);
    if (text === null) return bury(queue, message, 'it is not base64 of text');
    // A host that died in the middle of it has not counted it.
    if (message.dequeueCount > queues.maxDequeueCount)
      return bury(queue, message, 'its host died every time');
    try {
      await invoker.invoke(fn, { string: text }, { triggerMetadata: triggerMetadata(message, text) });
    } catch (error) {
      if (message.dequeueCount >= queues.maxDequeueCount) return bury(queue, message, describeError(error));
      const warning = `message ${message.messageId} failed, time ${message.dequeueCount}: ${describeError(error)}`;
      log({ level: 'warning', source: name, message: warning });
      return queue.show(message, queues.visibilitySeconds);
    }
    return queue.delete(message);
  }

  function start(queue: MessageQueue, message: Message): void {
    const work = handle(queue, message)
      // It is seen again when it is no longer hidden.
      .catch((error: unknown) => complain(`message ${message.messageId} was not settled`, error))
      .finally(() => underWay.delete(work));
    underWay.add(work);
  }

  function complain(what: string, error: unknown): void {
    log({ level: 'error', source: name, message: `${what}: ${describeError(error)}` });
  }

  async function idle(): Promise<void> {
    await pause(POLL_MILLISECONDS_MIN, signal);
    await pause(pollMilliseconds - POLL_MILLISECONDS_MIN, wake.signal);
    pollMilliseconds = wake.signal.aborted
      ? POLL_MILLISECONDS_MIN
      : Math.min(pollMilliseconds * 2, queues.maxPollingMilliseconds);
    wake = new AbortController();
  }

  async function take(queue: MessageQueue): Promise<void> {
    const messages = await queue.receive(queues.batchSize, HIDDEN_SECONDS);
    for (const message of messages) start(queue, message);
    if (messages.length === 0) await idle();
    else pollMilliseconds = POLL_MILLISECONDS_MIN;
    while (underWay.size > queues.newBatchThreshold) await Promise.race(underWay);
  }

  async function follow(): Promise<void> {
    const outage = newOutage(`the queue ${queueName}`, name, log);
    let queue: MessageQueue | null = null;
    while (!signal.aborted) {
      try {
        queue ??= await options.openQueue(connection, queueName, signal);
        await take(queue);
        outage.over();
      } catch (error) {
        if (signal.aborted) break;
        await pause(outage.failed(error), signal);
      }
    }
    await Promise.all(underWay);
  }

  return { follow, nudge };
}
