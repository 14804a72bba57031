// What changed, in order: the embedded host's source for change-feed triggers. In Azure the Functions host
// reads Cosmos DB's own feed instead. Latest version of each document, at least once, in the order of
// their last writes; a document written twice between two reads is shown once; deletions are not shown.
import type { FleetDocument } from './document-store.ts';

export interface Change {
  /** Grows with every write in the store; a document's is that of its last write. */
  readonly sequence: number;
  readonly document: FleetDocument;
}

export interface ChangeFeed {
  /** Up to `limit` changes with a sequence above `after`, ascending. Only acknowledged writes are shown. */
  changes(after: number, limit: number): Promise<readonly Change[]>;
}
