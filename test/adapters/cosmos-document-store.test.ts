// The contracts of the store and of the change feed, over our fake account; and over Microsoft's emulator where one is named.
import { afterAll, beforeAll } from 'vitest';
import { describeChangeFeed } from '../conformance/change-feed.ts';
import type { FeedStore } from '../conformance/change-feed.ts';
import { describeDocumentStore } from '../conformance/document-store.ts';
import type { OpenedStore, StoreGaps } from '../conformance/opened-store.ts';
import { EMULATOR, emulatorDatabaseForTest, emulatorGaps } from './cosmos/emulator.ts';
import { startFakeCosmos } from './cosmos/fake-cosmos.ts';
import type { FakeCosmos } from './cosmos/fake-cosmos.ts';
import { cosmosFleet, newFakeDatabase } from './cosmos/fleet.ts';
import type { CosmosFleetOptions } from './cosmos/fleet.ts';

let fake: FakeCosmos;
beforeAll(async () => {
  fake = await startFakeCosmos();
});
afterAll(() => fake.close());

function opened(options: CosmosFleetOptions, gaps: StoreGaps = {}): OpenedStore<FeedStore> {
  const open = (): FeedStore => {
    const { store, feed } = cosmosFleet(options);
    return { ...feed, ...store };
  };
  const feedEnd = 'the feed is an object of its own, and holds nothing that could be closed';
  return { store: open(), reopen: async () => open(), isRemote: true, gaps: { ...gaps, feedEnd } };
}

const overFake = async () => opened(await newFakeDatabase(fake));
describeDocumentStore('cosmosDocumentStore', overFake);
describeChangeFeed('cosmosChangeFeed', overFake);

const emulator = EMULATOR;
if (emulator !== null) {
  const overEmulator = async () =>
    opened(await emulatorDatabaseForTest(emulator), await emulatorGaps(emulator));
  describeDocumentStore('cosmosDocumentStore on the emulator', overEmulator);
  describeChangeFeed('cosmosChangeFeed on the emulator', overEmulator);
}
