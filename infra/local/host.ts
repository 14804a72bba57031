// The embedded Functions host: runs in this process what was registered with `@azure/functions`, as the
// real host would. Registrations are the process's, so hosts that follow each other run the same ones.
import { pause } from '../../shared/adapters/pause.ts';
import type { ChangeFeed } from '../../shared/ports/change-feed.ts';
import type { Checkpoints } from '../../shared/ports/checkpoints.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { drain, type FeedConsumer, newFeedConsumer } from './change-feed-trigger.ts';
import { functionRegistry, type RegisteredFunction } from './functions-core.ts';
import { readHostJson } from './host-json.ts';
import type { HostLog } from './host-log.ts';
import { type HttpListener, startHttpListener } from './http-trigger.ts';
import { type Invoker, newInvoker, runHooks, triggerOf } from './invocation.ts';
import type { OpenMessageQueue } from './message-queue.ts';
import { newQueueListener } from './queue-trigger.ts';
import type { LogLevel } from './rpc.ts';
import type { Settings } from './settings.ts';
import { newTimer, type Timer } from './timer-trigger.ts';

export interface HostOptions {
  /** Imports the files that register functions; may be called by several hosts. */
  readonly load: () => Promise<unknown>;
  readonly clock: Clock;
  readonly changeFeed: ChangeFeed;
  readonly checkpoints: Checkpoints;
  /** Where messages come from; without it nobody hands them to functions with a queue trigger but who makes the host. */
  readonly messageQueues?: OpenMessageQueue;
  /** The repository's, unless it is said. */
  readonly hostJson?: URL;
  /** For `%NAME%` in registrations. */
  readonly settings: Settings;
  /** Port 0 takes any that is free. */
  readonly address: { readonly host: string; readonly port: number };
  readonly log: HostLog;
  /** How long a feed without changes rests between two looks; what this process does wakes it at once. */
  readonly feedPollMilliseconds?: number;
}

export interface Host {
  /** Without a slash at its end, and without the route prefix. */
  readonly url: string;
  readonly functionNames: readonly string[];
  /** Change-feed batches passed over since the start because their retries were used up. */
  readonly feedBatchesGivenUp: number;
  /**
   * Runs a timer now, after a run of it under way. Its occurrences until now count as done.
   * @throws what the function throws; Error when there is no timer of that name.
   */
  invokeTimer(name: string): Promise<void>;
  /** Resolves when every change, those included that are caused meanwhile, was handled. */
  drainFeeds(): Promise<void>;
  /** Takes no new work and finishes what is under way, for ten seconds at most. Feeds and timers resume where they were. */
  stop(): Promise<void>;
}

const FEED_POLL_MILLISECONDS = 100;
const STOP_MILLISECONDS_MAX = 10_000;
const OTHER_BINDINGS = new Set(['http']);
const HOST_JSON = new URL('../../host.json', import.meta.url);

/** Functions by the type of their trigger; whatever this host cannot do is refused before anything runs. */
function sortFunctions(functions: Iterable<RegisteredFunction>) {
  const sorted = {
    httptrigger: [] as RegisteredFunction[],
    timertrigger: [] as RegisteredFunction[],
    cosmosdbtrigger: [] as RegisteredFunction[],
    queuetrigger: [] as RegisteredFunction[],
  };
  for (const fn of functions) {
    const { name, bindings } = fn.metadata;
    const trigger = triggerOf(fn);
    const kind = trigger.type.toLowerCase() as keyof typeof sorted;
    if (!Object.hasOwn(sorted, kind)) {
      throw new Error(`function "${name}" has a trigger this host does not know: ${trigger.type}`);
    }
    const other = Object.values(bindings).find((each) => each !== trigger && !OTHER_BINDINGS.has(each.type));
    if (other !== undefined) {
      throw new Error(`function "${name}" has a binding this host does not know: ${other.type}`);
    }
    sorted[kind].push(fn);
  }
  return sorted;
}

async function loadFunctions(load: HostOptions['load']): Promise<readonly RegisteredFunction[]> {
  await load();
  if (functionRegistry.functions.size === 0) {
    throw new Error('no function is registered: functions-core.ts must be imported before the functions');
  }
  await runHooks(functionRegistry, 'appStart', { hookData: {}, appHookData: functionRegistry.appHookData });
  const capabilities = await functionRegistry.model?.getCapabilities({});
  if (capabilities?.['HttpUri'] !== undefined) {
    throw new Error('this host does not stream HTTP: leave enableHttpStream off in app.setup');
  }
  return [...functionRegistry.functions.values()];
}

function newFeedConsumers(
  functions: readonly RegisteredFunction[],
  options: HostOptions,
  invoker: Invoker,
  signal: AbortSignal,
): readonly FeedConsumer[] {
  const pollMilliseconds = options.feedPollMilliseconds ?? FEED_POLL_MILLISECONDS;
  const consumers = functions.map((fn) =>
    newFeedConsumer({ ...options, fn, invoker, signal, pollMilliseconds }),
  );
  const names = consumers.map(({ consumer }) => consumer);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`two change-feed functions share the leaseContainerPrefix "${twice}"`);
  }
  return consumers;
}

/** Stops in the order in which work can still cause work: requests first, then timers and feeds. */
async function finish(http: HttpListener, loops: Promise<unknown>, invoker: Invoker, log: HostLog) {
  const limit = new AbortController();
  const late = pause(STOP_MILLISECONDS_MAX, limit.signal).then(() => 'late' as const);
  const work = Promise.all([http.stop(), loops]).then(() => invoker.idle());
  const outcome = await Promise.race([work, late]);
  limit.abort();
  http.cut();
  if (outcome === 'late') {
    log({ level: 'error', source: 'host', message: 'stopped although functions were still running' });
  }
}

/** What the library itself logs; returns how to stop listening. */
function listenToLibrary(log: HostLog): () => void {
  const listener = (level: LogLevel, _category: string, message: string): void =>
    log({ level, source: 'host', message });
  functionRegistry.logListeners.add(listener);
  return () => void functionRegistry.logListeners.delete(listener);
}

/**
 * Loads the functions and runs them until `stop`.
 * @throws Error for registrations that cannot be run, none included, and what listening throws (EADDRINUSE).
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const unlisten = listenToLibrary(options.log);
  try {
    return await launch(options, unlisten);
  } catch (error) {
    unlisten();
    throw error;
  }
}

async function launch(options: HostOptions, onStopped: () => void): Promise<Host> {
  const { log } = options;
  const functions = await loadFunctions(options.load);
  const hostJson = await readHostJson(options.hostJson ?? HOST_JSON);
  const sorted = sortFunctions(functions);
  const invoker = newInvoker(functionRegistry, log);
  const stopping = new AbortController();
  const { signal } = stopping;
  const timers: readonly Timer[] = sorted.timertrigger.map((fn) =>
    newTimer({ ...options, fn, invoker, signal }),
  );
  const consumers = newFeedConsumers(sorted.cosmosdbtrigger, options, invoker, signal);
  const { messageQueues: openQueue } = options;
  const listeners = openQueue
    ? sorted.queuetrigger.map((fn) =>
        newQueueListener({ ...options, ...hostJson, fn, openQueue, invoker, signal }),
      )
    : [];
  const http = await startHttpListener({
    functions: sorted.httptrigger,
    routePrefix: hostJson.routePrefix,
    address: options.address,
    invoker,
    log,
  });
  invoker.onFinished(() => {
    for (const each of [...consumers, ...listeners]) each.nudge();
  });
  const loops = Promise.all([...timers, ...consumers, ...listeners].map((each) => each.follow()));
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    stopping.abort();
    await finish(http, loops, invoker, log);
    await runHooks(functionRegistry, 'appTerminate', {
      hookData: {},
      appHookData: functionRegistry.appHookData,
    });
    onStopped();
  }

  return {
    url: http.url,
    functionNames: functions.map(({ metadata }) => metadata.name),
    get feedBatchesGivenUp() {
      return consumers.reduce((sum, { batchesGivenUp }) => sum + batchesGivenUp, 0);
    },
    async invokeTimer(name) {
      const timer = timers.find((each) => each.name === name);
      if (timer === undefined) throw new Error(`there is no timer "${name}"`);
      await timer.run();
    },
    drainFeeds: () => drain(consumers),
    stop: () => (stopped ??= stop()),
  };
}
