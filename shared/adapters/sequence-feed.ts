// The change feed of stores that number their writes: a position is the number of the last write that was shown.
import assert from 'node:assert/strict';
import type { Changes } from '../ports/change-feed.ts';
import type { FleetDocument } from '../ports/document-store.ts';

export interface NumberedDocument {
  readonly sequence: number;
  readonly document: FleetDocument;
}

/** The changes that `since` answers for what comes after a number, ascending. */
export function sequenceChanges(
  after: string | null,
  limit: number,
  since: (sequence: number) => readonly NumberedDocument[],
): Changes {
  assert(Number.isInteger(limit) && limit >= 1, `not a number of changes: ${limit}`);
  assert(after === null || /^\d{1,16}$/.test(after), `not a position of this store: ${after}`);
  const from = Number(after ?? 0);
  const found = since(from);
  return {
    documents: found.map(({ document }) => document),
    position: String(found.at(-1)?.sequence ?? from),
  };
}
