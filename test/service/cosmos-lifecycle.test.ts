import { afterAll } from 'vitest';
import { dropEmulatorDatabase, EMULATOR, newEmulatorDatabase } from '../adapters/cosmos/emulator.ts';
import { startFakeCosmos } from '../adapters/cosmos/fake-cosmos.ts';
import { cosmosFleet, newFakeDatabase } from '../adapters/cosmos/fleet.ts';
import { describeLifecycle } from './lifecycle.ts';

const endings: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(endings.map((end) => end())));

describeLifecycle('documents in Cosmos DB, of which each answer is short', async () => {
  const fake = await startFakeCosmos({ examinedPerAnswer: 2 });
  endings.push(() => fake.close());
  return cosmosFleet(await newFakeDatabase(fake));
});

const emulator = EMULATOR;
if (emulator !== null) {
  describeLifecycle("documents in Microsoft's emulator", async () => {
    const database = await newEmulatorDatabase(emulator);
    endings.push(() => dropEmulatorDatabase(database));
    return cosmosFleet(database);
  });
}
