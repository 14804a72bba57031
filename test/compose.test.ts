import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { SettingUnusable } from '../shared/adapters/setting.ts';
import { compose } from '../shared/compose.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-compose-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Settings = Readonly<Record<string, string>>;

const ON_ONE_MACHINE: Settings = {
  KEYTURN_STORE: 'sqlite',
  KEYTURN_SQLITE_FILE: join(folder, 'fleet.db'),
  KEYTURN_VAULT: 'blobs',
  KEYTURN_VAULT_BLOBS: 'UseDevelopmentStorage=true',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
};

const IN_AZURE: Settings = {
  WEBSITE_SKU: 'FlexConsumption',
  KEYTURN_STORE: 'cosmos',
  COSMOS__accountEndpoint: 'https://a.documents.azure.com/',
  COSMOS__credential: 'managedidentity',
  KEYTURN_VAULT: 'blobs',
  KEYTURN_VAULT_BLOBS__blobServiceUri: 'https://a12.blob.core.windows.net',
  AzureWebJobsStorage__accountName: 'a12',
  KEYTURN_PEOPLE: 'entra',
  KEYTURN_ENTRA_TENANT: '11111111-2222-3333-4444-555555555555',
  KEYTURN_ENTRA_AUDIENCE: '22222222-2222-3333-4444-555555555555',
};

function composed(settings: Settings) {
  const system = compose(settings);
  onTestFinished(() => system.store.close());
  return system;
}

function without(settings: Settings, name: string): Settings {
  return { ...settings, [name]: '' };
}

describe('a system', () => {
  it('on one machine keeps documents in SQLite and knows people by the tokens made there', async () => {
    const sha256 = createHash('sha256').update('secret').digest('hex');
    const system = composed({ ...ON_ONE_MACHINE, KEYTURN_LOCAL_TOKENS: `Operator:ada:${sha256}` });
    await system.store.write('g', [
      { kind: 'create', document: { type: 'group', id: 'group', groupId: 'g' } },
    ]);
    expect((await system.feed.changes(null, 10)).documents).toHaveLength(1);
    expect(await system.people.authenticate('secret')).toEqual({ name: 'ada', role: 'Operator' });
    expect(system.settings).toMatchObject({ minimumAgentVersion: '2.23', steadyCheckInSeconds: 3600 });
  });

  it('in Azure is made of accounts alone, without asking any of them', () => {
    const system = composed(IN_AZURE);
    expect(system.settings.steadyCheckInSeconds).toBe(3600);
  });

  it('follows its settings', () => {
    writeFileSync(join(folder, 'clock'), '2030-01-01T00:00:00Z');
    const system = composed({
      ...ON_ONE_MACHINE,
      KEYTURN_CLOCK_FILE: join(folder, 'clock'),
      KEYTURN_MINIMUM_AGENT_VERSION: '3.1',
      KEYTURN_CHECK_IN_SECONDS: '60',
    });
    expect(system.clock.now()).toBe('2030-01-01T00:00:00Z');
    expect(system.settings).toMatchObject({ minimumAgentVersion: '3.1', steadyCheckInSeconds: 60 });
  });
});

describe('the consumers of the change feed that are watched', () => {
  it.each<[string, Settings, string[]]>([
    ['are all', {}, ['fleet-changes', 'event-notifications']],
    ['that are not switched off', { 'AzureWebJobs.fleet-changes.Disabled': 'true' }, ['event-notifications']],
    ['whichever way that is said', { 'AzureWebJobs.event-notifications.Disabled': '1' }, ['fleet-changes']],
    [
      'and left on by anything else',
      { 'AzureWebJobs.fleet-changes.Disabled': 'false' },
      ['fleet-changes', 'event-notifications'],
    ],
  ])('%s', (_, settings, expected) => {
    expect(composed({ ...ON_ONE_MACHINE, ...settings }).settings.feedConsumers).toEqual(expected);
  });
});

function refusal(settings: Settings): unknown {
  try {
    void composed(settings);
    return null;
  } catch (error) {
    return error;
  }
}

describe('a setting that is missing is named:', () => {
  it.each<[string, Settings, string]>([
    ['KEYTURN_STORE', ON_ONE_MACHINE, 'sqlite or cosmos'],
    ['KEYTURN_SQLITE_FILE', ON_ONE_MACHINE, 'name the file'],
    ['KEYTURN_VAULT', ON_ONE_MACHINE, 'blobs'],
    ['KEYTURN_VAULT_BLOBS', ON_ONE_MACHINE, 'KEYTURN_VAULT_BLOBS__blobServiceUri'],
    ['AzureWebJobsStorage', ON_ONE_MACHINE, 'AzureWebJobsStorage__queueServiceUri'],
    ['KEYTURN_ENTRA_TENANT', IN_AZURE, 'tenant'],
    ['KEYTURN_ENTRA_AUDIENCE', IN_AZURE, 'client id'],
  ])('%s', (setting, settings, advice) => {
    const error = refusal(without(settings, setting));
    expect(error).toBeInstanceOf(SettingUnusable);
    expect(error).toMatchObject({ setting, message: expect.stringContaining(advice) });
  });

  it('COSMOS, with how to name an account', () => {
    const error = refusal(without(IN_AZURE, 'COSMOS__accountEndpoint'));
    expect(error).toMatchObject({
      setting: 'COSMOS',
      message: expect.stringContaining('COSMOS__accountEndpoint'),
    });
  });
});

describe('a setting that is wrong is named, with what it must be:', () => {
  it.each<[string, string, string]>([
    ['KEYTURN_STORE', 'mongo', 'sqlite or cosmos, not mongo'],
    ['KEYTURN_VAULT', 'files', 'blobs'],
    ['KEYTURN_PEOPLE', 'ldap', 'local or entra'],
    ['KEYTURN_MINIMUM_AGENT_VERSION', 'two', 'like 2.23'],
    ['KEYTURN_CHECK_IN_SECONDS', '59', '60 to 43200'],
    ['KEYTURN_CHECK_IN_SECONDS', '43201', '60 to 43200'],
    ['KEYTURN_CHECK_IN_SECONDS', '60.5', '60 to 43200'],
  ])('%s=%s', (setting, value, advice) => {
    const error = refusal({ ...ON_ONE_MACHINE, [setting]: value });
    expect(error).toMatchObject({ setting, message: expect.stringContaining(advice) });
  });
});

describe('what is for one machine is refused in Azure:', () => {
  it.each<[string, Settings]>([
    ['KEYTURN_STORE', { KEYTURN_STORE: 'sqlite', KEYTURN_SQLITE_FILE: join(folder, 'azure.db') }],
    ['KEYTURN_CLOCK_FILE', { KEYTURN_CLOCK_FILE: join(folder, 'clock') }],
    ['KEYTURN_PEOPLE', { KEYTURN_PEOPLE: 'local' }],
    ['KEYTURN_PEOPLE', { KEYTURN_PEOPLE: '' }],
    ['COSMOS', { COSMOS__accountEndpoint: '', COSMOS: 'AccountEndpoint=https://127.0.0.1;AccountKey=a' }],
    ['KEYTURN_VAULT_BLOBS', { KEYTURN_VAULT_BLOBS__blobServiceUri: '', KEYTURN_VAULT_BLOBS: 'AccountKey=a' }],
    ['AzureWebJobsStorage', { AzureWebJobsStorage__accountName: '', AzureWebJobsStorage: 'AccountKey=a' }],
  ])('%s in %j', (setting, settings) => {
    for (const plan of ['WEBSITE_SKU', 'WEBSITE_POD_NAME', 'WEBSITE_INSTANCE_ID']) {
      const error = refusal({ ...IN_AZURE, WEBSITE_SKU: '', [plan]: 'x', ...settings });
      expect(error).toBeInstanceOf(SettingUnusable);
      expect(error).toMatchObject({ setting });
    }
  });
});
