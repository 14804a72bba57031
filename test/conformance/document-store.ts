// The document store's contract, for every adapter.
import { describe } from 'vitest';
import type { DocumentStore } from '../../shared/ports/document-store.ts';
import { describeBatches } from './document-batches.ts';
import { describeModel } from './document-model.ts';
import { describePages } from './document-pages.ts';
import { describeQueries } from './document-queries.ts';
import type { OpenStore } from './opened-store.ts';

export function describeDocumentStore(name: string, open: OpenStore<DocumentStore>): void {
  describe(`${name} as a document store`, () => {
    describeBatches(open);
    describeQueries(open);
    describePages(open);
    describeModel(open);
  });
}
