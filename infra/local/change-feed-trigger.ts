// Hands the store's changes to one function with a Cosmos DB trigger: one batch after the other, in order,
// at least once. The checkpoint is saved after a batch was handled, so a crash in between repeats the
// batch. A batch whose retries are used up is passed over, as in Azure, and counted. A consumer without a
// checkpoint starts at the beginning, whatever `startFromBeginning` says: nothing that was written is missed.
import { pause } from '../../shared/adapters/pause.ts';
import type { ChangeFeed } from '../../shared/ports/change-feed.ts';
import type { Checkpoints } from '../../shared/ports/checkpoints.ts';
import type { FleetDocument } from '../../shared/ports/document-store.ts';
import type { RegisteredFunction } from './functions-core.ts';
import { describeError, type HostLog } from './host-log.ts';
import { type Invoker, triggerOf } from './invocation.ts';
import { newOutage } from './outage.ts';
import { Interrupted, invokeWithRetries } from './retry-policy.ts';
import { resolveSettings, type Settings } from './settings.ts';

export interface FeedConsumer {
  /** Under which its checkpoint is kept: two of one name would take each other's changes away. */
  readonly consumer: string;
  /** Batches done with since the start, those passed over included. */
  readonly batches: number;
  /** Batches passed over since the start because their retries were used up. */
  readonly batchesGivenUp: number;
  /** Consumes; resolves once `signal` has aborted and the batch under way is over. */
  follow(): Promise<void>;
  /** Looks for changes without waiting for the next poll. */
  nudge(): void;
  /** Resolves when a look that began after the call finds no change, or when the consumer ends. */
  caughtUp(): Promise<void>;
}

export interface FeedConsumerOptions {
  readonly fn: RegisteredFunction;
  readonly changeFeed: ChangeFeed;
  readonly checkpoints: Checkpoints;
  readonly settings: Settings;
  readonly invoker: Invoker;
  readonly log: HostLog;
  readonly signal: AbortSignal;
  readonly pollMilliseconds: number;
}

/** Azure's own. */
const ITEMS_DEFAULT = 100;
/** Between two looks, however often it is nudged. */
const POLL_MILLISECONDS_MIN = 5;

function consumerName(fn: RegisteredFunction, settings: Settings): string {
  const prefix = triggerOf(fn)['leaseContainerPrefix'];
  const { name } = fn.metadata;
  return typeof prefix === 'string' && prefix !== '' ? resolveSettings(prefix, settings, name) : name;
}

export function newFeedConsumer(options: FeedConsumerOptions): FeedConsumer {
  const { fn, changeFeed, checkpoints, log, signal, pollMilliseconds } = options;
  const { name } = fn.metadata;
  const consumer = consumerName(fn, options.settings);
  const limit = Number(triggerOf(fn)['maxItemsPerInvocation'] ?? ITEMS_DEFAULT);
  const outage = newOutage('the change feed', name, log);
  const state = { batches: 0, batchesGivenUp: 0, ended: false };
  let waiting: (() => void)[] = [];
  let wake = new AbortController();
  // With a reason of its own: making the default one costs a stack trace, at every invocation.
  const nudge = (): void => wake.abort('nudged');
  signal.addEventListener('abort', nudge);

  async function handle(documents: readonly FleetDocument[]): Promise<void> {
    const input = { json: JSON.stringify(documents) };
    try {
      await invokeWithRetries(options, fn, input, signal);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      state.batchesGivenUp++;
      const ids = documents.map(({ groupId, id }) => `${groupId}/${id}`).join(', ');
      const message = `GIVEN UP: ${documents.length} changes were not handled (${ids}): ${describeError(error)}`;
      log({ level: 'critical', source: name, message });
    }
  }

  /** Handles the next batch; false if there was none. */
  async function consume(): Promise<boolean> {
    const { documents, position } = await changeFeed.changes(await checkpoints.checkpoint(consumer), limit);
    if (documents.length === 0) return false;
    await handle(documents);
    await checkpoints.saveCheckpoint(consumer, position);
    state.batches++;
    return true;
  }

  function release(who: readonly (() => void)[]): void {
    waiting = waiting.filter((each) => !who.includes(each));
    for (const resolve of who) resolve();
  }

  async function idle(): Promise<void> {
    await pause(POLL_MILLISECONDS_MIN, signal);
    await pause(pollMilliseconds, wake.signal);
    wake = new AbortController();
  }

  return {
    consumer,
    get batches() {
      return state.batches;
    },
    get batchesGivenUp() {
      return state.batchesGivenUp;
    },
    async follow() {
      while (!signal.aborted) {
        const whoWaits = [...waiting];
        try {
          const hasConsumed = await consume();
          outage.over();
          if (hasConsumed) continue;
          release(whoWaits);
          await idle();
        } catch (error) {
          if (error instanceof Interrupted) continue;
          await pause(outage.failed(error), signal);
        }
      }
      state.ended = true;
      release(waiting);
    },
    nudge,
    async caughtUp() {
      if (state.ended) return;
      const found = new Promise<void>((resolve) => waiting.push(resolve));
      nudge();
      await found;
    },
  };
}

/** Resolves when all consumers have handled all changes, those included that handling caused. */
export async function drain(consumers: readonly FeedConsumer[]): Promise<void> {
  const done = (): number => consumers.reduce((sum, { batches }) => sum + batches, 0);
  for (;;) {
    const before = done();
    await Promise.all(consumers.map((consumer) => consumer.caughtUp()));
    if (done() === before) return;
  }
}
