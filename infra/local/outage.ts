// What a loop does while something that it needs is down: it tries again ever more rarely, and logs that now and then.
import { describeError, type HostLog } from './host-log.ts';

export interface Outage {
  /** Answers how many milliseconds to wait before the next try. Logs the first failure, and then one a minute at most. */
  failed(error: unknown): number;
  /** A try went well: the next failure is a first one. */
  over(): void;
}

const PAUSE_MILLISECONDS_MIN = 1000;
const PAUSE_MILLISECONDS_MAX = 30_000;
const SILENT_MILLISECONDS_MIN = 60_000;

/** `what` fails, in words: `the change feed`. */
export function newOutage(what: string, source: string, log: HostLog): Outage {
  let failures = 0;
  let silentMilliseconds = 0;
  return {
    failed(error) {
      failures += 1;
      if (failures === 1 || silentMilliseconds >= SILENT_MILLISECONDS_MIN) {
        const count = failures === 1 ? '' : ` ${failures} times in a row`;
        log({ level: 'error', source, message: `${what} failed${count}: ${describeError(error)}` });
        silentMilliseconds = 0;
      }
      const milliseconds = Math.min(PAUSE_MILLISECONDS_MIN * 2 ** (failures - 1), PAUSE_MILLISECONDS_MAX);
      silentMilliseconds += milliseconds;
      return milliseconds;
    },
    over() {
      failures = 0;
    },
  };
}
