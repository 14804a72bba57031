// The client of one account: by identity, or with a key where it is an emulator's. Session consistency; and none of the
// library's own repeats that could write a second time when the answer to the first was lost.
import { CosmosClient } from '@azure/cosmos';
import type { ConnectionPolicy } from '@azure/cosmos';
import type { AzureConnection } from './azure-connection.ts';
import { SettingUnusable } from './setting.ts';

/** The longest that one request may take; a call may take several. */
export const REQUEST_MILLISECONDS_MAX = 10_000;

const POLICY: ConnectionPolicy = {
  // With it, lost writes are sent again, reads go on without their session, and an unknown host is tried for two minutes;
  // emulators name addresses that only they can reach. The account's own address leads to its write region without it.
  enableEndpointDiscovery: false,
  requestTimeout: REQUEST_MILLISECONDS_MAX,
  // The library waits however long it is told to. Waits are bounded, and told on, by `CosmosCalls`.
  retryOptions: { maxRetryAttemptCount: 0 },
};

/** @throws SettingUnusable when the connection is a key to what is no emulator. */
export function cosmosClient(connection: AzureConnection): CosmosClient {
  return new CosmosClient({
    ...(connection.kind === 'identity'
      ? { endpoint: connection.endpoint, aadCredentials: connection.credential }
      : emulatorAccount(connection.connectionString)),
    // Without it the library sends no session tokens, whatever the account's default.
    consistencyLevel: 'Session',
    connectionPolicy: { ...POLICY },
    userAgentSuffix: 'keyturn',
  });
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
