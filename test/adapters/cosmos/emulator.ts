// Microsoft's emulator, where one is named: `KEYTURN_TEST_COSMOS` is its connection string. Then it must be there: what
// cannot reach it fails.
import type { JSONObject } from '@azure/cosmos';
import { onTestFinished } from 'vitest';
import { cosmosClient } from '../../../shared/adapters/cosmos-client.ts';
import { FLEET_CONTAINER } from '../../../shared/adapters/cosmos-container.ts';
import { makeCosmosContainers } from '../../../shared/adapters/cosmos-setup.ts';
import type { StoreGaps } from '../../conformance/opened-store.ts';
import type { CosmosFleetOptions } from './fleet.ts';

export const EMULATOR = process.env['KEYTURN_TEST_COSMOS'] ?? null;

let databases = 0;

/** A database of its own in the emulator, which goes with the test. */
export async function newEmulatorDatabase(connectionString: string): Promise<CosmosFleetOptions> {
  databases += 1;
  const database = `keyturn-test-${process.pid}-${databases}`;
  const client = cosmosClient({ kind: 'connectionString', connectionString });
  await makeCosmosContainers(client, database);
  return { client, database };
}

export async function dropEmulatorDatabase({ client, database }: CosmosFleetOptions): Promise<void> {
  await client.database(database).delete();
}

export async function emulatorDatabaseForTest(connectionString: string): Promise<CosmosFleetOptions> {
  const options = await newEmulatorDatabase(connectionString);
  onTestFinished(() => dropEmulatorDatabase(options));
  return options;
}

let gaps: Promise<StoreGaps> | null = null;

/** What the emulator gets wrong is found out once, past the store: as soon as it is mended nothing is skipped any more. */
export function emulatorGaps(connectionString: string): Promise<StoreGaps> {
  gaps ??= findGaps(connectionString);
  return gaps;
}

const documentOf = (id: string): JSONObject => ({ type: 'machine', id, groupId: 'g' });

async function findGaps(connectionString: string): Promise<StoreGaps> {
  const options = await newEmulatorDatabase(connectionString);
  const { items } = options.client.database(options.database).container(FLEET_CONTAINER.id);
  const body = documentOf('a');
  await items.batch([{ operationType: 'Create', resourceBody: body }], 'g');
  const stale = await items.batch(
    [
      {
        operationType: 'Replace',
        id: 'a',
        resourceBody: body,
        ifMatch: '"00000000-0000-0000-0000-000000000000"',
      },
    ],
    'g',
  );
  await items.batch(
    [
      { operationType: 'Create', resourceBody: documentOf('b') },
      { operationType: 'Create', resourceBody: body },
    ],
    'g',
  );
  const { statusCode } = await options.client
    .database(options.database)
    .container(FLEET_CONTAINER.id)
    .item('b', 'g')
    .read();
  await dropEmulatorDatabase(options);

  const isIgnored = stale.result?.[0]?.statusCode !== 412;
  const isTorn = statusCode !== 404;
  if (!isIgnored && !isTorn) return {};
  const conflicts = isIgnored
    ? 'this emulator ignores ETags in batches (Azure/azure-cosmos-db-emulator-docker#302)'
    : 'this emulator keeps part of a batch that failed (Azure/azure-cosmos-db-emulator-docker#303)';
  return { conflicts };
}
