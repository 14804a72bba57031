// Where a query is sent: to the partition of its group; or to every physical partition by itself, to be put together here.
// The library would do that, too: it asks for a plan first, and takes an empty answer in between for the end of a count.
import type { Container, FeedOptions, SqlQuerySpec } from '@azure/cosmos';
import type { CallContext, CosmosCalls, CosmosOperation } from './cosmos-calls.ts';

/** What makes a request one for this part of the container. */
export type QueryScope = Pick<FeedOptions, 'partitionKey' | 'initialHeaders'>;

const RANGE_ID = 'x-ms-documentdb-partitionkeyrangeid';
/** What Cosmos DB gives out in one answer at most. */
const ITEMS_PER_ANSWER_MAX = 1000;

/** The scopes of one group, or of all when it is null. Read anew each time: physical partitions split as they fill. */
export async function scopesOf(
  container: Container,
  calls: CosmosCalls,
  operation: CosmosOperation,
  groupId: string | null,
): Promise<readonly QueryScope[]> {
  if (groupId !== null) return [{ partitionKey: groupId }];
  const ranges = await calls.run(operation, ({ abortSignal }) =>
    container.readPartitionKeyRanges({ abortSignal }).fetchAll(),
  );
  return ranges.resources.map(({ id }) => ({ initialHeaders: { [RANGE_ID]: id } }));
}

/** Adds rows to `found` until there are as many as wanted, or no more. An answer may be empty and still not the last. */
export async function collect(
  container: Container,
  scope: QueryScope,
  statement: SqlQuerySpec,
  wanted: number,
  found: unknown[],
  { abortSignal, charge }: CallContext,
): Promise<void> {
  const maxItemCount = Math.min(wanted, ITEMS_PER_ANSWER_MAX);
  const iterator = container.items.query<unknown>(statement, { ...scope, abortSignal, maxItemCount });
  for (let missing = wanted; missing > 0 && iterator.hasMoreResults();) {
    const { resources, requestCharge } = await iterator.fetchNext();
    charge(requestCharge);
    found.push(...resources);
    missing -= resources.length;
  }
}
