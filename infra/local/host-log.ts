import type { LogLevel } from './rpc.ts';

export interface LogEntry {
  readonly level: LogLevel;
  /** `host`, or the function that speaks. */
  readonly source: string;
  /** Never a body, nor an authorization header. */
  readonly message: string;
}

/** Where the host and its functions log. Must not throw. */
export type HostLog = (entry: LogEntry) => void;

/** An error with its causes, for a log: with stacks, unless something is down, which no place in the code explains. */
export function describeError(error: unknown, withStacks = true): string {
  if (!(error instanceof Error)) return String(error);
  const showsStacks = withStacks && !error.name.endsWith('Unavailable');
  const summary = `${error.name}: ${error.message}`;
  const own = showsStacks ? (error.stack ?? summary) : summary;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause, showsStacks)}`;
}
