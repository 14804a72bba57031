import { app, type InvocationContext } from '@azure/functions';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { drain, newFeedConsumer } from '../../../infra/local/change-feed-trigger.ts';
import type { Host } from '../../../infra/local/host.ts';
import { retryDelayMilliseconds } from '../../../infra/local/retry-policy.ts';
import { newWorld, once } from './embedded-host.ts';

interface Document {
  readonly id: string;
}

let world = newWorld();
const batches: { ids: string[]; retry: number | undefined; reason: string | undefined }[] = [];
let handle: ((ids: string[]) => unknown) | null = null;
const echoed: string[] = [];

const register = once(() => {
  app.cosmosDB('fleetChanges', {
    connection: 'COSMOS',
    databaseName: 'keyturn',
    containerName: 'fleet',
    leaseContainerPrefix: '%PREFIX%',
    maxItemsPerInvocation: 3,
    retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: 0 },
    handler: async (documents: Document[], context: InvocationContext) => {
      const ids = documents.map(({ id }) => id);
      const retry = context.retryContext;
      batches.push({ ids, retry: retry?.retryCount, reason: retry?.exception?.message });
      await handle?.(ids);
    },
  });
  app.cosmosDB('echoes', {
    connection: 'COSMOS',
    databaseName: 'keyturn',
    containerName: 'fleet',
    handler: (documents: Document[]) => {
      for (const { id } of documents) {
        echoed.push(id);
        if (id.startsWith('echo-me')) world.changeFeed.add(id.slice('echo-me-'.length));
      }
    },
  });
});

beforeEach(() => {
  world = newWorld();
  batches.length = 0;
  echoed.length = 0;
  handle = null;
});

const settings = { PREFIX: 'notifications' };

async function hosted(work: (host: Host) => Promise<void>): Promise<void> {
  const host = await world.start(register, { settings });
  await work(host);
  await host.stop();
}

describe('a change feed', () => {
  test('hands over every change once, in order, in batches of at most the size that was asked for', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `d${index}`);
    world.changeFeed.add(...ids);
    await hosted((host) => host.drainFeeds());
    expect(batches.map((batch) => batch.ids.length)).toEqual([3, 3, 3, 1]);
    expect(batches.flatMap((batch) => batch.ids)).toEqual(ids);
    expect(world.checkpoints.saved).toEqual(
      new Map([
        ['notifications', '10'],
        ['echoes', '10'],
      ]),
    );
  });

  test('goes on after a restart where it was', async () => {
    world.changeFeed.add('before');
    await hosted((host) => host.drainFeeds());
    await hosted(async (host) => {
      world.changeFeed.add('after');
      await host.drainFeeds();
    });
    expect(batches.map((batch) => batch.ids)).toEqual([['before'], ['after']]);
  });

  test('hands a batch over again after a crash between handling it and saving the checkpoint', async () => {
    world.changeFeed.add('a', 'b');
    handle = () => {
      world.checkpoints.failing = true;
    };
    await hosted(async () => {
      while (!world.entries.some(({ source }) => source === 'fleetChanges')) await wait(5);
    });
    world.checkpoints.failing = false;
    handle = null;
    await hosted((host) => host.drainFeeds());
    expect(batches.map((batch) => batch.ids)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test('repeats a batch that failed, says why, and goes on when it succeeds', async () => {
    world.changeFeed.add('a');
    handle = () => {
      if (batches.length < 3) throw new Error(`failure ${batches.length}`);
      world.changeFeed.add('b');
      handle = null;
    };
    await hosted(async (host) => {
      await host.drainFeeds();
      expect(host.feedBatchesGivenUp).toBe(0);
    });
    expect(batches).toEqual([
      { ids: ['a'], retry: undefined, reason: undefined },
      { ids: ['a'], retry: 1, reason: 'failure 1' },
      { ids: ['a'], retry: 2, reason: 'failure 2' },
      { ids: ['b'], retry: undefined, reason: undefined },
    ]);
  });

  test('passes over a batch whose retries are used up, loudly, naming what was lost', async () => {
    world.changeFeed.add('a', 'b', 'c', 'd');
    handle = (ids) => {
      if (ids.includes('a')) throw new Error('never');
    };
    await hosted(async (host) => {
      await host.drainFeeds();
      expect(host.feedBatchesGivenUp).toBe(1);
    });
    const abc = ['a', 'b', 'c'];
    expect(batches.map((batch) => batch.ids)).toEqual([abc, abc, abc, ['d']]);
    const loud = world.entries.filter(({ level }) => level === 'critical');
    expect(loud).toHaveLength(1);
    expect(loud[0]?.message).toContain('g/b');
  });

  test('is drained only when what its functions caused is handled too', async () => {
    world.changeFeed.add('echo-me-echo-me-echo-me-last');
    await hosted((host) => host.drainFeeds());
    expect(echoed.at(-1)).toBe('last');
    expect(batches.flatMap((batch) => batch.ids)).toEqual(echoed);
  });

  test('finishes the batch under way when the host stops, and no other', async () => {
    let finished = 0;
    handle = async () => {
      await wait(50);
      finished += 1;
    };
    world.changeFeed.add('a', 'b', 'c', 'd');
    await hosted(async () => {
      while (batches.length === 0) await wait(1);
    });
    expect([batches.length, finished]).toEqual([1, 1]);
    expect(world.checkpoints.saved.get('notifications')).toBe('3');
  });

  test('does not wait for retries when the host stops, and tries again after the restart', async () => {
    world.changeFeed.add('a');
    const attempted = Promise.withResolvers<void>();
    const { consumer, stop } = loneConsumer(async () => {
      attempted.resolve();
      throw new Error('down');
    });
    const following = consumer.follow();
    await attempted.promise;
    stop();
    await following;
    expect(world.checkpoints.saved.has('lone')).toBe(false);
    await drain([consumer]);
  });
});

/** A consumer without a host, whose retries would take hours. */
function loneConsumer(invoke: () => Promise<never>) {
  const controller = new AbortController();
  const consumer = newFeedConsumer({
    fn: {
      metadata: {
        name: 'lone',
        bindings: { changes: { name: 'changes', type: 'cosmosDBTrigger', direction: 'in' } },
        retryOptions: { retryStrategy: 'fixedDelay', maxRetryCount: -1, delayInterval: { seconds: 9999 } },
      },
      callback: () => undefined,
    },
    changeFeed: world.changeFeed,
    checkpoints: world.checkpoints,
    settings: {},
    invoker: { invoke, idle: async () => undefined, onFinished: () => undefined },
    log: (entry) => void world.entries.push(entry),
    signal: controller.signal,
    pollMilliseconds: 10,
  });
  return { consumer, stop: () => controller.abort() };
}

test('the delay before a retry is fixed, or doubles up to its maximum', () => {
  const fixed = { retryStrategy: 'fixedDelay', maxRetryCount: -1, delayInterval: { seconds: 7 } } as const;
  const exponential = {
    retryStrategy: 'exponentialBackoff',
    maxRetryCount: -1,
    minimumInterval: { seconds: 2 },
    maximumInterval: { seconds: 60 },
  } as const;
  const delays = [1, 2, 3, 6, 5000].map((count) => [
    retryDelayMilliseconds(fixed, count),
    retryDelayMilliseconds(exponential, count),
  ]);
  expect(delays).toEqual([
    [7000, 2000],
    [7000, 4000],
    [7000, 8000],
    [7000, 60_000],
    [7000, 60_000],
  ]);
});
