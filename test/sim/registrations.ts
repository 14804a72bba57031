// What the functions register with `@azure/functions`, kept to be called by the simulated host: the loader puts this file
// in that package's place.
import type { HttpFunctionOptions, InvocationContext, TimerFunctionOptions } from '@azure/functions';

type FeedOptions = {
  readonly handler: (documents: unknown[], context: InvocationContext) => Promise<void>;
  readonly maxItemsPerInvocation?: number;
};

export const registrations = {
  http: new Map<string, HttpFunctionOptions>(),
  timers: new Map<string, TimerFunctionOptions>(),
  feeds: new Map<string, FeedOptions>(),
};

export const app = {
  http: (name: string, options: HttpFunctionOptions) => void registrations.http.set(name, options),
  timer: (name: string, options: TimerFunctionOptions) => void registrations.timers.set(name, options),
  cosmosDB: (name: string, options: FeedOptions) => void registrations.feeds.set(name, options),
};
