// The client of one account: session consistency, and none of the library's own repeats that could write a second time when
// the answer to the first was lost.
import { CosmosClient } from '@azure/cosmos';
import type { ConnectionPolicy } from '@azure/cosmos';
import type { AzureConnection } from './azure-connection.ts';
import { cosmosAccount } from './cosmos-account.ts';

/** The longest that one request may take; a call may take several. */
const REQUEST_MILLISECONDS_MAX = 10_000;

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
    ...cosmosAccount(connection),
    // Without it the library sends no session tokens, whatever the account's default.
    consistencyLevel: 'Session',
    connectionPolicy: { ...POLICY },
    userAgentSuffix: 'keyturn',
  });
}
