// Makes the database and its containers in an emulator. In Azure the infrastructure declares them: whoever may read and
// write documents may not make containers there.
import type { ContainerRequest, CosmosClient } from '@azure/cosmos';
import { COSMOS_CONTAINERS } from './cosmos-container.ts';

/** What is there already stays as it is. */
export async function makeCosmosContainers(client: CosmosClient, databaseId: string): Promise<void> {
  const { database } = await client.databases.createIfNotExists({ id: databaseId });
  for (const container of COSMOS_CONTAINERS) {
    // A copy of its own: the library changes what it is given.
    await database.containers.createIfNotExists(structuredClone(container) as ContainerRequest);
  }
}
