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

/** An error with its causes, for a log. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}
