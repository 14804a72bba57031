// The Cosmos DB account of `--store cosmos`, looked at before anything is served: in an emulator what is missing is made; in
// Azure the infrastructure declares it, and who may read and write documents may make nothing.
import type { CosmosClient } from '@azure/cosmos';
import { azureConnection } from '../../shared/adapters/azure-connection.ts';
import { COSMOS_CONTAINERS } from '../../shared/adapters/cosmos-container.ts';
import { SettingUnusable } from '../../shared/adapters/setting.ts';
import type { Settings } from './settings.ts';
import { StartFailure } from './start-failure.ts';

/** @throws StartFailure that says what to do. */
export async function prepareCosmos(settings: Settings, database: string): Promise<void> {
  try {
    await prepare(settings, database);
  } catch (cause) {
    throw failureOf(cause, database);
  }
}

async function prepare(settings: Settings, database: string): Promise<void> {
  const connection = azureConnection(settings, 'COSMOS', 'cosmos');
  const [{ cosmosClient }, { makeCosmosContainers }] = await Promise.all([
    import('../../shared/adapters/cosmos-client.ts'),
    import('../../shared/adapters/cosmos-setup.ts'),
  ]);
  const client = cosmosClient(connection);
  try {
    if (connection.kind === 'connectionString') await makeCosmosContainers(client, database);
    else await readContainers(client, database);
  } finally {
    client.dispose();
  }
}

async function readContainers(client: CosmosClient, database: string): Promise<void> {
  for (const { id } of COSMOS_CONTAINERS) await client.database(database).container(id).read();
}

function failureOf(cause: unknown, database: string): StartFailure {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof SettingUnusable) {
    return new StartFailure('usage', message, 'docs/settings.md explains the settings of COSMOS', { cause });
  }
  const status = cause instanceof Error && 'code' in cause ? cause.code : null;
  const [problem, hint] =
    status === 404
      ? [
          `the database ${database} lacks what Keyturn needs`,
          'deploy infra/azure, which declares it, or name another database with COSMOS_DATABASE',
        ]
      : status === 401 || status === 403
        ? [
            `Cosmos DB refuses: ${message}`,
            'give this identity the role Cosmos DB Built-in Data Contributor, or correct the key of the emulator',
          ]
        : [
            `Cosmos DB does not answer: ${message}`,
            'look at the address in COSMOS, and whether the emulator runs',
          ];
  return new StartFailure('cosmos', oneLine(problem), hint, { cause });
}

/** The library's messages come with whole answers. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
