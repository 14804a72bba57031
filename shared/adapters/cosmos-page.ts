// One page out of several parts of the container, merged in order. No part is asked for a whole page where it will hardly
// be needed: what is read beyond the page is read again for the next one.
import type { Query } from '../ports/document-store.ts';
import type { CosmosCalls } from './cosmos-calls.ts';
import type { CosmosResource } from './cosmos-document.ts';
import type { QueryPart } from './cosmos-part.ts';
import { inOrder } from './cosmos-query.ts';

/** What each part is asked for at least: another request costs more than some documents. */
const SHARE_MIN = 4;

/** The page's documents, in order, and at least one more when there is one. */
export async function readPage(
  calls: CosmosCalls,
  query: Query,
  parts: readonly QueryPart<CosmosResource>[],
): Promise<readonly CosmosResource[]> {
  const wanted = query.limit + 1;
  const fill = async (part: QueryPart<CosmosResource>, rows: number): Promise<void> =>
    calls.run('query', (context) => part.read(Math.min(rows, wanted), context));

  // Parts are about as full as each other: twice its share is seldom too little.
  const share = Math.max(SHARE_MIN, Math.ceil((2 * wanted) / parts.length));
  await Promise.all(parts.map((part) => fill(part, share)));
  for (;;) {
    const found = inOrder(
      query,
      parts.flatMap(({ rows }) => rows),
    );
    const short = partsUsedUp(parts, found.slice(0, query.limit));
    if (short.length === 0) return found;
    await Promise.all(short.map((part) => fill(part, 2 * part.rows.length)));
  }
}

/** Those whose documents are all in the page, and that have more: what comes next may belong before what others showed. */
function partsUsedUp(
  parts: readonly QueryPart<CosmosResource>[],
  page: readonly CosmosResource[],
): QueryPart<CosmosResource>[] {
  const shown = new Set<unknown>(page);
  return parts.filter(({ rows, hasMore }) => hasMore && shown.has(rows.at(-1)));
}
