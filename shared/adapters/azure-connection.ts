// How one of Azure's services is reached, by the settings that the Functions host reads for its own connections: `X` holds
// the connection string of an emulator; `X__accountEndpoint` and the like name an account, which is then reached by identity.
import type { TokenCredential } from '@azure/identity';
import { requiredSetting, settingOf, SettingUnusable } from './setting.ts';
import type { Environment } from './setting.ts';

export type AzureConnection =
  | { readonly kind: 'connectionString'; readonly connectionString: string }
  | {
      readonly kind: 'identity';
      /** With a slash at its end. */
      readonly endpoint: string;
      readonly credential: TokenCredential;
    };

export type AzureService = 'cosmos' | 'blob' | 'queue';

/** The suffix of the setting with a service's address, and the domain of accounts that are given by name alone. */
const ADDRESSES: Readonly<Record<AzureService, { readonly suffix: string; readonly domain: string | null }>> =
  {
    cosmos: { suffix: '__accountEndpoint', domain: null },
    blob: { suffix: '__blobServiceUri', domain: 'blob.core.windows.net' },
    queue: { suffix: '__queueServiceUri', domain: 'queue.core.windows.net' },
  };
const ACCOUNT_NAME = /^[a-z0-9]{3,24}$/;

/**
 * The connection that the settings of that name describe; an account's address comes before a connection string.
 * @throws SettingUnusable when there is none, or a part of it makes no sense.
 */
export function azureConnection(
  environment: Environment,
  name: string,
  service: AzureService,
): AzureConnection {
  const endpoint = endpointOf(environment, name, service);
  if (endpoint !== null) return { kind: 'identity', endpoint, credential: credentialOf(environment, name) };
  const advice = `set ${name}${ADDRESSES[service].suffix} to the address of the account, or ${name} to an emulator's connection string`;
  return { kind: 'connectionString', connectionString: requiredSetting(environment, name, advice) };
}

function endpointOf(environment: Environment, name: string, service: AzureService): string | null {
  const { suffix, domain } = ADDRESSES[service];
  const address = settingOf(environment, name + suffix);
  if (address !== null) return checkedAddress(name + suffix, address);
  const account = domain && settingOf(environment, `${name}__accountName`);
  if (!account) return null;
  if (!ACCOUNT_NAME.test(account)) {
    throw new SettingUnusable(
      `${name}__accountName`,
      `must be the name of a storage account, not ${account}`,
    );
  }
  return `https://${account}.${domain}/`;
}

/** With a slash at its end. Tokens go to whoever is there: never over plain HTTP. */
function checkedAddress(setting: string, address: string): string {
  if (URL.parse(address)?.protocol === 'https:') return address.replace(/\/?$/, '/');
  throw new SettingUnusable(setting, `must be an https address, not ${address}`);
}

/** With `managedidentity`, the identity of the app, or that of `X__clientId`; without, whoever the machine has signed in. */
function credentialOf(environment: Environment, name: string): TokenCredential {
  const clientId = settingOf(environment, `${name}__clientId`);
  switch (settingOf(environment, `${name}__credential`)) {
    case 'managedidentity':
      return newWhenAsked(async () => {
        const { ManagedIdentityCredential } = await import('@azure/identity');
        return clientId === null
          ? new ManagedIdentityCredential()
          : new ManagedIdentityCredential({ clientId });
      });
    case null:
      return newWhenAsked(async () => {
        const { DefaultAzureCredential } = await import('@azure/identity');
        return new DefaultAzureCredential(clientId === null ? {} : { managedIdentityClientId: clientId });
      });
    default:
      throw new SettingUnusable(
        `${name}__credential`,
        'must be managedidentity, or absent for whoever is signed in',
      );
  }
}

/** Loading the library takes longer than all of a cold start besides, and starts without a connection need none of it. */
function newWhenAsked(make: () => Promise<TokenCredential>): TokenCredential {
  let made: Promise<TokenCredential> | null = null;
  return {
    async getToken(scopes, options) {
      made ??= make();
      return (await made).getToken(scopes, options);
    },
  };
}
