// How the client of a Cosmos DB account signs in: by identity, or with a key where the account is an emulator's.
import type { CosmosClientOptions } from '@azure/cosmos';
import type { AzureConnection } from './azure-connection.ts';
import { SettingUnusable } from './setting.ts';

/** @throws SettingUnusable when the connection is a key to what is no emulator. */
export function cosmosAccount(
  connection: AzureConnection,
): Pick<CosmosClientOptions, 'endpoint' | 'key' | 'aadCredentials'> {
  return connection.kind === 'identity'
    ? { endpoint: connection.endpoint, aadCredentials: connection.credential }
    : emulatorAccount(connection.connectionString);
}

function emulatorAccount(connectionString: string): { readonly endpoint: string; readonly key: string } {
  const parts = new Map(connectionString.split(';').map(keyAndValue));
  const endpoint = parts.get('AccountEndpoint');
  const key = parts.get('AccountKey');
  const url = URL.parse(endpoint ?? '');
  if (!endpoint || !key || url === null) {
    throw new SettingUnusable('COSMOS', 'must be like AccountEndpoint=http://127.0.0.1:8081/;AccountKey=…');
  }
  if (isEmulatorHost(url.hostname)) return { endpoint, key };
  throw new SettingUnusable(
    'COSMOS',
    `holds a key to ${url.hostname}, and keys are for emulators alone: set COSMOS__accountEndpoint instead, and sign in by identity`,
  );
}

/**
 * This machine, or a name without a dot, such as Docker gives containers: neither is ever an account's in Azure, and
 * whoever holds its key holds everything.
 */
function isEmulatorHost(host: string): boolean {
  return /^(?:[^.:]+|[^.:]+\.localhost|127(?:\.\d+){3}|\[::1\]|host\.docker\.internal)$/.test(host);
}

function keyAndValue(part: string): readonly [string, string] {
  const [key = '', ...value] = part.split('=');
  return [key.trim(), value.join('=').trim()];
}
