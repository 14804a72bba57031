// The Cosmos DB account of `--store cosmos`, looked at before anything is served: in an emulator what is missing is made; in
// Azure the infrastructure declares it, and who may read and write documents may make nothing.
import type { CosmosClient } from '@azure/cosmos';
import { azureConnection } from '../../shared/adapters/azure-connection.ts';
import { COSMOS_CONTAINERS } from '../../shared/adapters/cosmos-container.ts';
import { settingOf, SettingUnusable } from '../../shared/adapters/setting.ts';
import type { Settings } from './settings.ts';
import { StartFailure } from './start-failure.ts';

/** @throws StartFailure that says what to do. */
export async function prepareCosmos(settings: Settings, database: string): Promise<void> {
  const connection = settingOf(settings, 'COSMOS__accountEndpoint') === null ? 'emulator' : 'account';
  try {
    await prepare(settings, database);
  } catch (cause) {
    throw failureOf(cause, connection, database);
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

/** The names of the errors of a credential; a class would take its whole library to compare with. */
const NOT_SIGNED_IN = new Set([
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
]);

const REFUSED = {
  account: 'give this identity the role Cosmos DB Built-in Data Contributor',
  emulator: 'correct the key of the emulator, in COSMOS',
} as const;
const SILENT = {
  account: 'look at the address in COSMOS__accountEndpoint',
  emulator: 'look at the address in COSMOS, and whether the emulator runs',
} as const;

/** What is wrong, in words for whoever has an account, or an emulator. */
export function failureOf(
  cause: unknown,
  connection: 'account' | 'emulator',
  database: string,
): StartFailure {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof SettingUnusable) {
    return new StartFailure('usage', message, 'docs/settings.md explains the settings of COSMOS', { cause });
  }
  const [problem, hint] = problemOf(cause, message, connection, database);
  return new StartFailure('cosmos', oneLine(problem), hint, { cause });
}

function problemOf(
  cause: unknown,
  message: string,
  connection: 'account' | 'emulator',
  database: string,
): readonly [problem: string, hint: string] {
  if (cause instanceof Error && NOT_SIGNED_IN.has(cause.name)) {
    return [
      `nobody is signed in to Azure: ${message}`,
      'az login, as somebody with the role Cosmos DB Built-in Data Contributor',
    ];
  }
  const status = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (status === 404) {
    return [
      `the database ${database} lacks what Keyturn needs`,
      'deploy infra/azure, which declares it, or name another database with COSMOS_DATABASE',
    ];
  }
  if (status === 401 || status === 403) return [`Cosmos DB refuses: ${message}`, REFUSED[connection]];
  return [`Cosmos DB does not answer: ${message}`, SILENT[connection]];
}

/** The library's messages come with whole answers. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
