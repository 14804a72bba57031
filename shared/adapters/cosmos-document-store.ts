// Documents in one Cosmos DB container, partitioned by group: point reads, transactional batches with the ETags that were
// read, and queries that name their partition wherever the port's query names its group. docs/cosmos.md says more.
import type { Container, CosmosClient } from '@azure/cosmos';
import { StoreUnavailable } from '../ports/document-store.ts';
import type { DocumentStore, FleetDocument, Page, Query } from '../ports/document-store.ts';
import { refusalOf, toOperations, toVersions } from './cosmos-batch.ts';
import type { BatchResult } from './cosmos-batch.ts';
import { CosmosCalls } from './cosmos-calls.ts';
import type { CallContext, CosmosCallOptions } from './cosmos-calls.ts';
import { FLEET_CONTAINER } from './cosmos-container.ts';
import { toStored } from './cosmos-document.ts';
import type { CosmosResource } from './cosmos-document.ts';
import { readPage } from './cosmos-page.ts';
import { QueryPart } from './cosmos-part.ts';
import { keyOf, toCount, toSelect } from './cosmos-query.ts';
import { scopesOf } from './cosmos-scope.ts';
import { isDocumentId, prepareBatch } from './document-batch.ts';
import type { BatchOperation } from './document-batch.ts';
import { checkField, checkQuery, startOf, toCursor } from './query-cursor.ts';

export interface CosmosDocumentStoreOptions extends CosmosCallOptions {
  /** Shared with whoever else uses it: closing the store lets it be. */
  readonly client: CosmosClient;
  readonly database: string;
  /** The longest that a count over all groups takes, which is a timer's. */
  readonly fleetCountMillisecondsMax?: number;
}

const FLEET_COUNT_MILLISECONDS_MAX = 60_000;

export function cosmosDocumentStore(options: CosmosDocumentStoreOptions): DocumentStore {
  const container = options.client.database(options.database).container(FLEET_CONTAINER.id);
  const calls = new CosmosCalls(options);
  const fleetCounts = new CosmosCalls({
    ...options,
    callMillisecondsMax: options.fleetCountMillisecondsMax ?? FLEET_COUNT_MILLISECONDS_MAX,
  });
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
      const select = toSelect(query, startOf(query));
      const scopes = await scopesOf(container, calls, 'query', query.groupId ?? null);
      const parts = scopes.map((scope) => new QueryPart<CosmosResource>(container, scope, select));
      return toPage<D>(query, await readPage(calls, query, parts));
    },

    async countBy(groupId, type, field) {
      assertOpen();
      checkField(field);
      const count = toCount(groupId, type, field);
      const patience = groupId === null ? fleetCounts : calls;
      const scopes = await scopesOf(container, patience, 'count', groupId);
      const parts = scopes.map((scope) => new QueryPart<CountRow>(container, scope, count));
      await Promise.all(
        parts.map((part) => patience.run('count', (context) => part.read(Infinity, context))),
      );
      return toCounts(parts.flatMap(({ rows }) => rows));
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
    throw Object.assign(new Error(`the document could not be read: ${statusCode}/${substatus}`), {
      code: statusCode,
      substatus,
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

function toPage<D extends FleetDocument>(query: Query, found: readonly CosmosResource[]): Page<D> {
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    items: shown.map((resource) => toStored<D>(resource)),
    cursor: last !== undefined && found.length > shown.length ? toCursor(query, keyOf(query, last)) : null,
  };
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
