import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { azureConnection } from '../../shared/adapters/azure-connection.ts';
import type { AzureService } from '../../shared/adapters/azure-connection.ts';
import { SettingUnusable } from '../../shared/adapters/setting.ts';

const FIRST_CLIENT = '11111111-2222-3333-4444-555555555555';
const SECOND_CLIENT = '22222222-2222-3333-4444-555555555555';

describe('an account is reached by identity', () => {
  it.each<[AzureService, Record<string, string>, string]>([
    [
      'cosmos',
      { X__accountEndpoint: 'https://a.documents.azure.com:443/' },
      'https://a.documents.azure.com:443/',
    ],
    ['blob', { X__blobServiceUri: 'https://a.blob.core.windows.net' }, 'https://a.blob.core.windows.net/'],
    [
      'queue',
      { X__queueServiceUri: 'https://a.queue.core.windows.net' },
      'https://a.queue.core.windows.net/',
    ],
    ['blob', { X__accountName: 'a12' }, 'https://a12.blob.core.windows.net/'],
    ['queue', { X__accountName: 'a12' }, 'https://a12.queue.core.windows.net/'],
    ['queue', { X__accountName: 'a12', X__queueServiceUri: 'https://own/' }, 'https://own/'],
    [
      'blob',
      { X__accountName: 'a12', X: 'UseDevelopmentStorage=true' },
      'https://a12.blob.core.windows.net/',
    ],
  ])('%s by %j', (service, environment, endpoint) => {
    expect(azureConnection(environment, 'X', service)).toMatchObject({ kind: 'identity', endpoint });
  });
});

it.each<AzureService>(['cosmos', 'blob', 'queue'])(
  'an emulator of %s is reached by its connection string',
  (service) => {
    const connection = azureConnection(
      { X: 'a=b', X__accountEndpoint: '', X__accountName: '' },
      'X',
      service,
    );
    expect(connection).toEqual({ kind: 'connectionString', connectionString: 'a=b' });
  },
);

describe('what cannot be used is refused by the name of its setting:', () => {
  it.each<[string, AzureService, Record<string, string>, string]>([
    ['nothing', 'cosmos', {}, 'X'],
    ['an empty text', 'blob', { X: '' }, 'X'],
    ['the address of another service', 'queue', { X__blobServiceUri: 'https://a/' }, 'X'],
    ['an account name for Cosmos DB', 'cosmos', { X__accountName: 'a12' }, 'X'],
    ['plain HTTP', 'cosmos', { X__accountEndpoint: 'http://a.documents.azure.com/' }, 'X__accountEndpoint'],
    ['no address', 'queue', { X__queueServiceUri: 'a12' }, 'X__queueServiceUri'],
    ['a name that is none', 'blob', { X__accountName: 'a.evil.example/' }, 'X__accountName'],
    ['another kind of credential', 'blob', { X__accountName: 'a12', X__credential: 'key' }, 'X__credential'],
  ])('%s', (_, service, environment, setting) => {
    const act = () => azureConnection(environment, 'X', service);
    expect(act).toThrow(SettingUnusable);
    expect(act).toThrow(expect.objectContaining({ setting }));
  });

  it('saying what to set', () => {
    expect(() => azureConnection({}, 'COSMOS', 'cosmos')).toThrow('COSMOS__accountEndpoint');
  });
});

describe('the token of an identity', () => {
  const asked: URL[] = [];
  // The library keeps the first endpoint that it finds in the environment for as long as the process lives.
  const endpoint = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://localhost'));
    const token = { access_token: 'token', expires_on: '4102444800', resource: '', token_type: 'Bearer' };
    response.end(JSON.stringify(token));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const { port } = endpoint.address() as { port: number };
    vi.stubEnv('IDENTITY_ENDPOINT', `http://127.0.0.1:${port}/token`);
    vi.stubEnv('IDENTITY_HEADER', 'header');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    endpoint.close();
  });

  const account = { X__accountEndpoint: 'https://a.documents.azure.com/' };
  it.each<[string, Record<string, string>, string | null]>([
    ['of the app', { X__credential: 'managedidentity' }, null],
    ['that was named', { X__credential: 'managedidentity', X__clientId: FIRST_CLIENT }, FIRST_CLIENT],
    ['that was named, without saying what it is', { X__clientId: SECOND_CLIENT }, SECOND_CLIENT],
  ])('%s is asked for when it is needed', async (_, settings, clientId) => {
    const before = asked.length;
    const connection = azureConnection({ ...account, ...settings }, 'X', 'cosmos');
    expect(asked).toHaveLength(before);
    if (connection.kind !== 'identity') throw new Error('an account was named');
    const token = await connection.credential.getToken('https://cosmos.azure.com/.default');
    expect(token?.token).toBe('token');
    expect(asked.at(-1)?.searchParams.get('client_id')).toBe(clientId);
    expect(asked.at(-1)?.searchParams.get('resource')).toBe('https://cosmos.azure.com');
  });
});
