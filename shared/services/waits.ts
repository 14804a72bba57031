// Troubles that pass by themselves, and how long to wait for that.
import { Problem } from '../api/problem.ts';
import { StoreThrottled, StoreUnavailable } from '../ports/document-store.ts';
import { VaultUnavailable } from '../ports/package-vault.ts';
import { QueueUnavailable } from '../ports/work-queue.ts';

/** Asked between two steps: whether there is time for another. */
export type MayGoOn = () => boolean;

export const forEver: MayGoOn = () => true;

/** What failed waits for so long when nothing better is known. */
export const WAIT_SECONDS = 30;
/** Whatever it is told: not to go round and round, and not to be forgotten. */
const WAIT_SECONDS_MIN = 1;
const WAIT_SECONDS_MAX = 3600;

/** Nothing is wrong, but it is not the time for it; or there is none left. */
export class Later extends Error {
  override readonly name = 'Later';
  readonly afterSeconds: number;

  constructor(message: string, afterSeconds: number = WAIT_SECONDS) {
    super(message);
    this.afterSeconds = afterSeconds;
  }
}

/** @throws Later when there is no time left. */
export function requireTime(mayGoOn: MayGoOn): void {
  if (!mayGoOn()) throw new Later('no time was left for it');
}

/** Whole seconds after which what failed this way is worth another try; null when waiting does not mend it. */
export function waitSecondsAfter(error: unknown): number | null {
  const told = secondsTold(error);
  return told === null ? null : Math.min(WAIT_SECONDS_MAX, Math.max(WAIT_SECONDS_MIN, Math.ceil(told)));
}

function secondsTold(error: unknown): number | null {
  if (error instanceof StoreThrottled || error instanceof Later) return error.afterSeconds;
  if (error instanceof StoreUnavailable || error instanceof QueueUnavailable) return WAIT_SECONDS;
  if (error instanceof VaultUnavailable) return error.afterSeconds ?? WAIT_SECONDS;
  if (error instanceof Problem && error.status === 503) return error.retryAfterSeconds ?? WAIT_SECONDS;
  return null;
}
