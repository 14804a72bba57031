// How values are shown to people.
import type { GroupView } from '../shared/api/group.ts';
import type { KeyDeliveryStatus } from '../shared/domain/machine.ts';
import { secondsBetween } from '../shared/domain/instant.ts';
import type { Instant } from '../shared/domain/instant.ts';
import { durationText } from './period.ts';
import type { Style, Terminal } from './terminal.ts';

/** The instant, and how far away it is. */
export function instantText(instant: Instant, now: Instant): string {
  const seconds = secondsBetween(now, instant);
  if (seconds === 0) return `${instant} (now)`;
  return seconds > 0
    ? `${instant} (in ${durationText(seconds)})`
    : `${instant} (${durationText(-seconds)} ago)`;
}

const MACHINE_STYLES: Record<KeyDeliveryStatus, Style> = {
  Default: 'green',
  PendingNewKey: 'yellow',
  KeyExpired: 'red',
};

export function keyDeliveryStatusText(terminal: Terminal, status: KeyDeliveryStatus | null): string {
  return status === null ? terminal.style('dim', 'joining') : terminal.style(MACHINE_STYLES[status], status);
}

const GROUP_STYLES: Record<GroupView['status'], Style> = {
  NoKey: 'dim',
  Active: 'green',
  Renewing: 'yellow',
  KeyExpired: 'red',
};

export function groupStatusText(terminal: Terminal, status: GroupView['status']): string {
  return terminal.style(GROUP_STYLES[status], status);
}

/** What the statuses of machines mean. */
export const STATUS_LEGEND =
  'Default: up to date.  PendingNewKey: gets the new key when it next connects.  KeyExpired: missed it, must rejoin.';
