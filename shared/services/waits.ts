// Troubles that pass by themselves, and how long to wait for that.
import { Problem } from '../api/problem.ts';
import { StoreThrottled, StoreUnavailable } from '../ports/document-store.ts';
import { VaultUnavailable } from '../ports/package-vault.ts';
import { QueueUnavailable } from '../ports/work-queue.ts';

/** What failed waits for so long when nothing better is known. */
export const WAIT_SECONDS = 30;

/** Seconds after which what failed this way is worth another try; null when waiting does not mend it. */
export function waitSecondsAfter(error: unknown): number | null {
  if (error instanceof StoreThrottled) return Math.ceil(error.afterSeconds);
  if (error instanceof StoreUnavailable || error instanceof QueueUnavailable) return WAIT_SECONDS;
  if (error instanceof VaultUnavailable) return error.afterSeconds ?? WAIT_SECONDS;
  if (error instanceof Problem && error.status === 503) return error.retryAfterSeconds ?? WAIT_SECONDS;
  return null;
}
