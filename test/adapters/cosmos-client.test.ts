import { describe, expect, it } from 'vitest';
import { cosmosClient } from '../../shared/adapters/cosmos-client.ts';
import { SettingUnusable } from '../../shared/adapters/setting.ts';

const KEY = btoa('a key that nobody is to see');

function clientWithKey(endpoint: string): unknown {
  try {
    return cosmosClient({
      kind: 'connectionString',
      connectionString: `AccountEndpoint=${endpoint};AccountKey=${KEY};`,
    });
  } catch (error) {
    return error;
  }
}

describe('a key', () => {
  it.each([
    'http://127.0.0.1:8081/',
    'http://127.10.0.3:8081',
    'https://localhost:8081/',
    'https://cosmos.localhost:8081/',
    'http://[::1]:8081/',
    'http://cosmos-emulator:8081/',
    'http://host.docker.internal:8081/',
  ])('is taken for the emulator at %s', (endpoint) => {
    expect(clientWithKey(endpoint)).not.toBeInstanceOf(Error);
  });

  it.each([
    'https://keyturn.documents.azure.com:443/',
    'https://keyturn.documents.azure.cn:443/',
    'https://cosmos.example/',
    'https://localhost.example/',
    'https://127.0.0.1.example/',
    'http://10.0.0.4:8081/',
    'https://user@keyturn.documents.azure.com:443/',
  ])('is refused for %s, and what to set instead is said', (endpoint) => {
    const refusal = clientWithKey(endpoint);
    expect(refusal).toBeInstanceOf(SettingUnusable);
    expect(String(refusal)).toContain('COSMOS__accountEndpoint');
    expect(String(refusal)).not.toContain(KEY);
  });

  it.each(['', 'UseDevelopmentStorage=true', `AccountKey=${KEY}`, 'AccountEndpoint=http://127.0.0.1:8081/'])(
    'that is not in %j is missed, by what it must be like',
    (connectionString) => {
      expect(() => cosmosClient({ kind: 'connectionString', connectionString })).toThrow(
        /AccountEndpoint=http/,
      );
    },
  );
});

it('an identity is taken for any account', () => {
  const client = cosmosClient({
    kind: 'identity',
    endpoint: 'https://keyturn.documents.azure.com:443/',
    credential: { getToken: async () => null },
  });
  expect(client.database('keyturn').id).toBe('keyturn');
});
