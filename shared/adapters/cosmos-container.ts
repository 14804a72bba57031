// The containers of the Cosmos DB store, as their resources are declared: the infrastructure holds the same, and a test
// compares them. What the port's queries filter on and order by is indexed, and nothing else: each write pays for it.
import { FIELD_COLUMNS } from './document-batch.ts';
import type { SortColumn } from './query-cursor.ts';

export type IndexedColumn = 'type' | SortColumn;

export interface CompositePath {
  readonly path: string;
  readonly order: 'ascending' | 'descending';
}

export interface IndexingPolicy {
  readonly indexingMode: 'consistent';
  readonly automatic: true;
  readonly includedPaths: readonly { readonly path: string }[];
  readonly excludedPaths: readonly { readonly path: string }[];
  readonly compositeIndexes: readonly (readonly CompositePath[])[];
}

export interface CosmosContainer {
  readonly id: string;
  readonly partitionKey: { readonly paths: readonly string[]; readonly kind: 'Hash'; readonly version: 2 };
  /** -1: documents may carry a `ttl` of their own; those without one stay. */
  readonly defaultTtl?: -1;
  readonly indexingPolicy?: IndexingPolicy;
}

/**
 * One for every ORDER BY that the store asks for: Cosmos DB refuses an order over several paths that has none. Equalities
 * come first, as they do in the statements: so a page begins in the index where the last one ended.
 */
export const COMPOSITE_COLUMNS = {
  ascending: [
    ['type', 'groupId', 'id'],
    ['type', 'status', 'groupId', 'id'],
    ['type', 'keyDeliveryStatus', 'groupId', 'id'],
    ['type', 'agentVersion', 'groupId', 'id'],
    ['type', 'nextActionOn', 'groupId', 'id'],
  ],
  descending: [
    ['type', 'occurredOn', 'id', 'groupId'],
    ['type', 'groupId', 'occurredOn', 'id'],
    ['type', 'machineId', 'occurredOn', 'id', 'groupId'],
    ['type', 'groupId', 'machineId', 'occurredOn', 'id'],
  ],
} as const satisfies Readonly<Record<CompositePath['order'], readonly (readonly IndexedColumn[])[]>>;

function compositeIndexes(order: CompositePath['order']): CompositePath[][] {
  return COMPOSITE_COLUMNS[order].map((columns) => columns.map((column) => ({ path: `/${column}`, order })));
}

/** Where the documents are. `id` is indexed by Cosmos DB itself; the partition key is not. */
export const FLEET_CONTAINER: CosmosContainer = {
  id: 'fleet',
  partitionKey: { paths: ['/groupId'], kind: 'Hash', version: 2 },
  defaultTtl: -1,
  indexingPolicy: {
    indexingMode: 'consistent',
    automatic: true,
    includedPaths: ['type', 'groupId', ...FIELD_COLUMNS].map((column) => ({ path: `/${column}/?` })),
    excludedPaths: [{ path: '/*' }],
    compositeIndexes: [...compositeIndexes('ascending'), ...compositeIndexes('descending')],
  },
};

/** How far the readers of the change feed came: the Functions host's leases, and the embedded host's checkpoints. */
export const LEASES_CONTAINER: CosmosContainer = {
  id: 'leases',
  partitionKey: { paths: ['/id'], kind: 'Hash', version: 2 },
};

export const COSMOS_CONTAINERS: readonly CosmosContainer[] = [FLEET_CONTAINER, LEASES_CONTAINER];
