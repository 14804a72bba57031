// The store and the change feed of one database.
import { cosmosChangeFeed } from '../../../shared/adapters/cosmos-change-feed.ts';
import { cosmosClient } from '../../../shared/adapters/cosmos-client.ts';
import { cosmosDocumentStore } from '../../../shared/adapters/cosmos-document-store.ts';
import type { CosmosDocumentStoreOptions } from '../../../shared/adapters/cosmos-document-store.ts';
import { makeCosmosContainers } from '../../../shared/adapters/cosmos-setup.ts';
import type { ChangeFeed } from '../../../shared/ports/change-feed.ts';
import type { Checkpoints } from '../../../shared/ports/checkpoints.ts';
import type { DocumentStore } from '../../../shared/ports/document-store.ts';
import type { FakeCosmos } from './fake-cosmos.ts';

export type CosmosFleetOptions = CosmosDocumentStoreOptions;

export interface CosmosFleet {
  readonly store: DocumentStore;
  readonly feed: ChangeFeed & Checkpoints;
}

export function cosmosFleet(options: CosmosFleetOptions): CosmosFleet {
  return { store: cosmosDocumentStore(options), feed: cosmosChangeFeed(options) };
}

let databases = 0;

/** A database of its own in the fake account, whose requests are counted from here on. */
export async function newFakeDatabase(fake: FakeCosmos): Promise<CosmosFleetOptions> {
  databases += 1;
  const database = `fleet${databases}`;
  const client = cosmosClient({ kind: 'connectionString', connectionString: fake.connectionString });
  await makeCosmosContainers(client, database);
  fake.forget();
  return { client, database };
}
