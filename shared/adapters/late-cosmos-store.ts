// The Cosmos DB store and its change feed, whose library is loaded when they are first used: loading it takes longer than
// all else that a process does before its first request, and those with another store need none of it.
import type { CosmosClient } from '@azure/cosmos';
import type { ChangeFeed } from '../ports/change-feed.ts';
import type { Checkpoints } from '../ports/checkpoints.ts';
import type { DocumentStore, FleetDocument, Query } from '../ports/document-store.ts';
import { recordRequestUnits } from '../telemetry/measures.ts';
import type { AzureConnection } from './azure-connection.ts';
import { cosmosAccount } from './cosmos-account.ts';

export interface LateCosmosStoreOptions {
  readonly connection: AzureConnection;
  readonly database: string;
}

export interface LateCosmosStore {
  /** Closing it closes the client too. */
  readonly store: DocumentStore;
  readonly feed: ChangeFeed & Checkpoints;
}

interface Loaded extends LateCosmosStore {
  readonly client: CosmosClient;
}

async function load({ connection, database }: LateCosmosStoreOptions): Promise<Loaded> {
  const [{ cosmosClient }, { cosmosDocumentStore }, { cosmosChangeFeed }] = await Promise.all([
    import('./cosmos-client.ts'),
    import('./cosmos-document-store.ts'),
    import('./cosmos-change-feed.ts'),
  ]);
  const client = cosmosClient(connection);
  return {
    client,
    store: cosmosDocumentStore({ client, database, onCharge: recordRequestUnits }),
    feed: cosmosChangeFeed({ client, database }),
  };
}

/** @throws SettingUnusable at once, when the connection is a key to what is no emulator. */
export function lateCosmosStore(options: LateCosmosStoreOptions): LateCosmosStore {
  cosmosAccount(options.connection);
  let loading: Promise<Loaded> | null = null;
  const loaded = (): Promise<Loaded> => (loading ??= load(options));

  return {
    store: {
      read: async <D extends FleetDocument>(groupId: string, id: string) =>
        (await loaded()).store.read<D>(groupId, id),
      write: async (groupId, operations) => (await loaded()).store.write(groupId, operations),
      query: async <D extends FleetDocument>(query: Query) => (await loaded()).store.query<D>(query),
      countBy: async (groupId, type, field) => (await loaded()).store.countBy(groupId, type, field),
      async close() {
        // Loaded for it, too, if it must be: only so does every call that comes after find it closed.
        const { store, client } = await loaded();
        await store.close();
        client.dispose();
      },
    },
    feed: {
      changes: async (after, limit) => (await loaded()).feed.changes(after, limit),
      checkpoint: async (consumer) => (await loaded()).feed.checkpoint(consumer),
      saveCheckpoint: async (consumer, position) => (await loaded()).feed.saveCheckpoint(consumer, position),
    },
  };
}
