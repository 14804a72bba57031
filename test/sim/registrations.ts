// What the functions register with `@azure/functions`, kept to be called by the simulated host: the loader puts this file
// in that package's place.
import type {
  HttpFunctionOptions,
  InvocationContext,
  StorageQueueFunctionOptions,
  TimerFunctionOptions,
} from '@azure/functions';

type FeedOptions = {
  readonly handler: (documents: unknown[], context: InvocationContext) => Promise<void>;
  readonly maxItemsPerInvocation?: number;
};

export const registrations = {
  http: new Map<string, HttpFunctionOptions>(),
  timers: new Map<string, TimerFunctionOptions>(),
  feeds: new Map<string, FeedOptions>(),
  queues: new Map<string, StorageQueueFunctionOptions>(),
};

export const app = {
  http: (name: string, options: HttpFunctionOptions) => void registrations.http.set(name, options),
  timer: (name: string, options: TimerFunctionOptions) => void registrations.timers.set(name, options),
  cosmosDB: (name: string, options: FeedOptions) => void registrations.feeds.set(name, options),
  storageQueue: (name: string, options: StorageQueueFunctionOptions) =>
    void registrations.queues.set(name, options),
  /** Nothing to start or stop with a simulated process. */
  hook: { appStart: (): void => {}, appTerminate: (): void => {} },
};
