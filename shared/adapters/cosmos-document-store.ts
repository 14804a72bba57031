// Documents in one Cosmos DB container, partitioned by group: point reads, transactional batches with the ETags that were
// read, and queries that name their partition wherever the port's query names its group. docs/cosmos.md says more.
import type { Container, CosmosClient, FeedOptions, SqlQuerySpec } from '@azure/cosmos';
import { StoreUnavailable } from '../ports/document-store.ts';
import type { DocumentStore, FleetDocument, Page, Query } from '../ports/document-store.ts';
import { refusalOf, toOperations, toVersions } from './cosmos-batch.ts';
import type { BatchResult } from './cosmos-batch.ts';
import { CosmosCalls } from './cosmos-calls.ts';
import type { CallContext, CosmosCallOptions } from './cosmos-calls.ts';
import { FLEET_CONTAINER } from './cosmos-container.ts';
import { toStored } from './cosmos-document.ts';
import type { CosmosResource } from './cosmos-document.ts';
import { toCount, toSelect } from './cosmos-query.ts';
import { isDocumentId, prepareBatch } from './document-batch.ts';
import type { BatchOperation } from './document-batch.ts';
import { checkField, checkQuery, orderOf, startOf, toCursor } from './query-cursor.ts';
import type { SortKey } from './query-cursor.ts';

export interface CosmosDocumentStoreOptions extends CosmosCallOptions {
  /** Shared with whoever else uses it: closing the store lets it be. */
  readonly client: CosmosClient;
  readonly database: string;
}

/** What Cosmos DB gives out in one answer at most. */
const ITEMS_PER_ANSWER_MAX = 1000;

export function cosmosDocumentStore(options: CosmosDocumentStoreOptions): DocumentStore {
  const container = options.client.database(options.database).container(FLEET_CONTAINER.id);
  const calls = new CosmosCalls(options);
  const writes = new Set<Promise<unknown>>();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreUnavailable('the store is closed');
  }

  return {
    async read<D extends FleetDocument>(groupId: string, id: string) {
      assertOpen();
      if (!isDocumentId(id)) return null;
      const resource = await calls.run('read', (context) => readItem(container, groupId, id, context));
      return resource === null ? null : toStored<D>(resource);
    },

    async write(groupId, operations) {
      assertOpen();
      const batch = prepareBatch(groupId, operations);
      const writing = calls.run('write', (context) => writeBatch(container, groupId, batch, context));
      writes.add(writing);
      try {
        return toVersions(batch, await writing);
      } finally {
        writes.delete(writing);
      }
    },

    async query<D extends FleetDocument>(query: Query) {
      assertOpen();
      checkQuery(query);
      const start = startOf(query);
      const found: CosmosResource[] = [];
      await calls.run('query', async (context) => {
        // What came before it was told to wait is kept; it goes on after that.
        const after = lastKey(query, found) ?? start;
        const wanted = query.limit + 1 - found.length;
        const select = toSelect(query, after);
        await collect(container, select, query.groupId ?? null, wanted, found, context);
      });
      return toPage<D>(query, found);
    },

    async countBy(groupId, type, field) {
      assertOpen();
      checkField(field);
      const rows = await calls.run('count', async (context) => {
        const found: CountRow[] = [];
        await collect(container, toCount(groupId, type, field), groupId, Infinity, found, context);
        return found;
      });
      return toCounts(rows);
    },

    async close() {
      closed = true;
      await Promise.allSettled(writes);
    },
  };
}

async function readItem(
  container: Container,
  groupId: string,
  id: string,
  { abortSignal, charge }: CallContext,
): Promise<CosmosResource | null> {
  const response = await container.item(id, groupId).read<CosmosResource>({ abortSignal });
  const { resource, statusCode, substatus = 0, requestCharge } = response;
  // The library takes every 404 for "there is none".
  if (statusCode === 404 && substatus !== 0) {
    throw Object.assign(new Error('the document could not be read'), {
      code: statusCode,
      headers: response.headers,
    });
  }
  charge(requestCharge);
  return resource ?? null;
}

async function writeBatch(
  container: Container,
  groupId: string,
  batch: readonly BatchOperation[],
  { abortSignal, charge }: CallContext,
): Promise<readonly BatchResult[]> {
  const { result = [], headers } = await container.items.batch(toOperations(batch), groupId, {
    abortSignal,
    contentResponseOnWriteEnabled: false,
  });
  charge(Number(headers['x-ms-request-charge'] ?? 0));
  const refusal = refusalOf(result);
  if (refusal !== null) throw refusal;
  return result;
}

/** Adds rows to `found` until there are as many as wanted, or no more. An answer may be empty and still not the last. */
async function collect(
  container: Container,
  statement: SqlQuerySpec,
  groupId: string | null,
  wanted: number,
  found: unknown[],
  { abortSignal, charge }: CallContext,
): Promise<void> {
  const options: FeedOptions = {
    abortSignal,
    maxItemCount: Math.min(wanted, ITEMS_PER_ANSWER_MAX),
    // Over all groups Cosmos DB refuses to order or to group without a plan: asking for that first saves the refusal.
    ...(groupId === null ? { forceQueryPlan: true } : { partitionKey: groupId }),
  };
  const iterator = container.items.query<unknown>(statement, options);
  for (let missing = wanted; missing > 0 && iterator.hasMoreResults();) {
    const { resources, requestCharge } = await iterator.fetchNext();
    charge(requestCharge);
    // There are none at all when several partitions were asked, and none of them had any.
    const fetched = resources ?? [];
    found.push(...fetched);
    missing -= fetched.length;
  }
}

function toPage<D extends FleetDocument>(query: Query, found: readonly CosmosResource[]): Page<D> {
  const shown = found.slice(0, query.limit);
  const last = lastKey(query, shown);
  return {
    items: shown.map((resource) => toStored<D>(resource)),
    cursor: last !== null && found.length > shown.length ? toCursor(query, last) : null,
  };
}

function lastKey(query: Query, found: readonly CosmosResource[]): SortKey | null {
  const last = found.at(-1);
  return last === undefined ? null : orderOf(query).columns.map((column) => last[column] as string);
}

interface CountRow {
  readonly counted: string | number;
  readonly documents: number;
}

function toCounts(rows: readonly CountRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { counted, documents } of rows) {
    counts.set(String(counted), (counts.get(String(counted)) ?? 0) + documents);
  }
  return counts;
}
