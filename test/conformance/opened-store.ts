// What an adapter's test hands to the suites of this folder.
import { onTestFinished } from 'vitest';
import type { DocumentStore } from '../../shared/ports/document-store.ts';

export interface OpenedStore<Store extends DocumentStore> {
  /** Empty. */
  readonly store: Store;
  /** Closes the store and opens it again on what it kept. */
  readonly reopen?: () => Promise<Store>;
  /** What the adapter does not promise, and why; the tests of it are skipped with that reason. */
  readonly gaps?: { readonly durability?: string };
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

/** The means to open it again, unless the adapter declares the gap. */
export function reopenOrSkip<Store extends DocumentStore>(
  { reopen, gaps }: OpenedStore<Store>,
  skip: (reason: string) => never,
): () => Promise<Store> {
  if (reopen !== undefined) return reopen;
  if (gaps?.durability === undefined) throw new Error('an adapter that cannot be reopened declares that gap');
  return skip(gaps.durability);
}
