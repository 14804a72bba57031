// What changed, in order: the embedded host's source for change-feed triggers. In Azure the Functions host
// reads Cosmos DB's own feed instead. Latest version of each document, at least once, in the order of their
// group's writes; a document written twice between two reads is shown once; deletions are not shown.
import type { FleetDocument } from './document-store.ts';

export interface Changes {
  readonly documents: readonly FleetDocument[];
  /** Where to go on after them: opaque text of the feed that gave it, which stays valid when the store is opened again. */
  readonly position: string;
}

export interface ChangeFeed {
  /**
   * Up to `limit` documents that changed after a position; null is the beginning. None means that nothing is new. Only
   * acknowledged writes are shown. What one batch wrote may be shown together, though it is more than the limit.
   */
  changes(after: string | null, limit: number): Promise<Changes>;
}
