import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { at } from './bicep.ts';
import { AZURE, bicepFiles, resource, resourcesOf } from './infrastructure.ts';

// What a scanner does not know, or knows only to look for where a value is written out.

describe('there are no keys', () => {
  it.each([
    ['Microsoft.Storage/storageAccounts', { allowSharedKeyAccess: false, isLocalUserEnabled: false }],
    [
      'Microsoft.DocumentDB/databaseAccounts',
      { disableLocalAuth: true, disableKeyBasedMetadataWriteAccess: true },
    ],
    ['Microsoft.Insights/components', { DisableLocalAuth: true }],
    ['Microsoft.OperationalInsights/workspaces', { features: { disableLocalAuth: true } }],
    ['Microsoft.KeyVault/vaults', { enableRbacAuthorization: true }],
  ])('for %s', (type, properties) => {
    expect(resource(type).body['properties']).toMatchObject(properties);
  });

  it('for publishing to the app', () => {
    const policies = resourcesOf('Microsoft.Web/sites/basicPublishingCredentialsPolicies').map(
      ({ body }) => body,
    );
    expect(policies).toMatchObject([
      { name: 'ftp', properties: { allow: false } },
      { name: 'scm', properties: { allow: false } },
    ]);
  });

  it.each([...bicepFiles.keys()])('asked for or handed on in %s', (path) => {
    const text = readFileSync(join(AZURE, path), 'utf8');
    expect(text).not.toMatch(
      /\blist[A-Z]\w*\(|AccountKey|primaryMasterKey|primaryKey|@secure\(\)|password\w*:/i,
    );
    expect(text).not.toMatch(/^output .*(secret|connectionString|key)\b/im);
  });
});

it('what the app itself lets in is over TLS 1.2 or newer, from other sites none', () => {
  expect(resource('Microsoft.Web/sites').body['properties']).toMatchObject({
    httpsOnly: true,
    siteConfig: {
      minTlsVersion: '1.2',
      cors: { allowedOrigins: [], supportCredentials: false },
    },
  });
});

describe('what was deleted can be had back', () => {
  it('from the vault, for ninety days, whoever deleted it', () => {
    expect(resource('Microsoft.KeyVault/vaults').body['properties']).toMatchObject({
      enableSoftDelete: true,
      softDeleteRetentionInDays: 90,
      enablePurgeProtection: true,
    });
  });

  it('from storage, and goes by itself after that', () => {
    const { body } = resource('Microsoft.Storage/storageAccounts/blobServices');
    expect(at(body, 'properties', 'deleteRetentionPolicy', 'enabled')).toBe(true);
    expect(at(body, 'properties', 'containerDeleteRetentionPolicy', 'enabled')).toBe(true);
    expect(at(body, 'properties', 'isVersioningEnabled')).toBeUndefined();
  });

  it('from documents, at any second of the last days', () => {
    expect(
      at(resource('Microsoft.DocumentDB/databaseAccounts').body, 'properties', 'backupPolicy'),
    ).toMatchObject({
      type: 'Continuous',
    });
  });
});

it('whatever holds data can be locked, and kept from the public', () => {
  const holding = ['modules/storage.bicep', 'modules/store.bicep', 'modules/vault.bicep'];
  for (const path of holding) {
    const resources = bicepFiles.get(path)?.resources ?? [];
    expect(resources.find(({ type }) => type === 'Microsoft.Authorization/locks')?.body).toMatchObject({
      properties: { level: 'CanNotDelete' },
    });
    expect(at(resources[0]?.body, 'properties', 'publicNetworkAccess')).toMatchObject({
      text: 'publicNetworkAccess',
    });
  }
});

it('what is private is everything that the app calls', () => {
  const targets = bicepFiles.get('main.bicep')?.modules.find(({ name }) => name === 'privateEndpoints')
    ?.parameters['targets'];
  expect(targets).toMatchObject([
    { group: 'Sql' },
    { group: 'vault' },
    { group: 'blob' },
    { group: 'queue' },
  ]);
});
