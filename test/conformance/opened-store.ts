// What an adapter's test hands to the suites of this folder.
import { onTestFinished } from 'vitest';
import type { DocumentStore } from '../../shared/ports/document-store.ts';

export interface OpenedStore<Store extends DocumentStore> {
  /** Empty. */
  readonly store: Store;
  /** Closes the store and opens it again on what it kept. */
  readonly reopen?: () => Promise<Store>;
  /** What does not hold, and why; the tests of it are skipped with that reason. */
  readonly gaps?: StoreGaps;
  /** Over a network: fewer race each other, and fewer sequences are tried. */
  readonly isRemote?: boolean;
}

export interface StoreGaps {
  /** What was acknowledged is there when the store is opened again. */
  readonly durability?: string;
  /** A batch with a precondition that does not hold is refused, and nothing of it is applied. */
  readonly conflicts?: string;
  /** Closing the store closes its change feed and its checkpoints. */
  readonly feedEnd?: string;
}

export type OpenStore<Store extends DocumentStore> = () => Promise<OpenedStore<Store>>;

/** Opens a store for one test; it is closed when the test is done. */
export async function openForTest<Store extends DocumentStore>(
  open: OpenStore<Store>,
): Promise<OpenedStore<Store>> {
  const opened = await open();
  onTestFinished(() => opened.store.close());
  return opened;
}

/** Ends the test here when the gap is declared. */
export function skipGap(
  { gaps }: Pick<OpenedStore<DocumentStore>, 'gaps'>,
  gap: keyof StoreGaps,
  skip: (reason: string) => never,
): void {
  const reason = gaps?.[gap];
  if (reason !== undefined) skip(reason);
}

/** The means to open it again, unless the adapter declares the gap. */
export function reopenOrSkip<Store extends DocumentStore>(
  { reopen, gaps }: OpenedStore<Store>,
  skip: (reason: string) => never,
): () => Promise<Store> {
  if (reopen !== undefined) return reopen;
  if (gaps?.durability === undefined) throw new Error('an adapter that cannot be reopened declares that gap');
  return skip(gaps.durability);
}
