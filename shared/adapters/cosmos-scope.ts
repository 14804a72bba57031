// Where a query is sent: to the partition of its group; or to every physical partition by itself, to be put together here.
// The library would do that, too: it asks for a plan first, and takes an empty answer in between for the end of a count.
import type { Container, FeedOptions } from '@azure/cosmos';
import type { CosmosCalls, CosmosOperation } from './cosmos-calls.ts';

/** What makes a request one for this part of the container. */
export type QueryScope = Pick<FeedOptions, 'partitionKey' | 'initialHeaders'>;

const RANGE_ID = 'x-ms-documentdb-partitionkeyrangeid';

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
