import type { Clock } from '../../shared/ports/clock.ts';
import type { HostLog } from './host-log.ts';
import type { LogLevel } from './rpc.ts';

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical'];

export interface LineLogOptions {
  readonly clock: Clock;
  /** Entries below it are left out. */
  readonly from: LogLevel;
  /** Takes one line, its end included. */
  readonly write: (line: string) => unknown;
}

/** A log of one line an entry: what would break a line or command a terminal becomes a space. */
export function lineLog({ clock, from, write }: LineLogOptions): HostLog {
  return ({ level, source, message }) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(from)) return;
    const text = message.replaceAll(/\s*\n\s*/g, ' | ').replaceAll(/\p{Cc}/gu, ' ');
    write(`${clock.now()} ${level} ${source}: ${text}\n`);
  };
}
