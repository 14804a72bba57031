import { afterAll, beforeAll } from 'vitest';
import { cosmosChangeFeed } from '../../shared/adapters/cosmos-change-feed.ts';
import { cosmosClient } from '../../shared/adapters/cosmos-client.ts';
import { cosmosDocumentStore } from '../../shared/adapters/cosmos-document-store.ts';
import { makeCosmosContainers } from '../../shared/adapters/cosmos-setup.ts';
import { describeChangeFeed } from '../conformance/change-feed.ts';
import { describeDocumentStore } from '../conformance/document-store.ts';
import { startFakeCosmos } from './cosmos/fake-cosmos.ts';
import type { FakeCosmos } from './cosmos/fake-cosmos.ts';

let fake: FakeCosmos;
beforeAll(async () => {
  fake = await startFakeCosmos();
});
afterAll(() => fake.close());

let databases = 0;
async function open() {
  databases += 1;
  const database = `fleet${databases}`;
  const client = cosmosClient({ kind: 'connectionString', connectionString: fake.connectionString });
  await makeCosmosContainers(client, database);
  const store = () => ({
    ...cosmosChangeFeed({ client, database }),
    ...cosmosDocumentStore({ client, database }),
  });
  return {
    store: store(),
    reopen: async () => store(),
    isRemote: true,
    gaps: { feedEnd: 'the feed is an object of its own, and holds nothing that could be closed' },
  };
}

describeDocumentStore('cosmosDocumentStore', open);
describeChangeFeed('cosmosChangeFeed', open);
