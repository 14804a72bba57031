import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compose } from '../../../shared/compose.ts';
import { telemetrySettings } from '../../../shared/telemetry/settings.ts';
import { ROOT } from '../../source-tree.ts';
import { at, Expression, textAt } from './bicep.ts';
import type { Value } from './bicep.ts';
import { bicepFile, resource } from './infrastructure.ts';
import { bindings, settingsNamedIn, valuesOf } from './registrations.ts';

const GUID = '11111111-2222-4333-8444-555555555555';

/** What Azure puts in the place of what is worked out when it is deployed. */
const DEPLOYED: Readonly<Record<string, string>> = {
  storageName: 'stabcdefghijklm',
  identityClientId: GUID,
  'insights.properties.ConnectionString': `InstrumentationKey=${GUID};IngestionEndpoint=https://example.com/`,
  "'Authorization=AAD;ClientId=${identityClientId}'": `Authorization=AAD;ClientId=${GUID}`,
  storeEndpoint: 'https://cosmos-keyturn.documents.azure.com:443/',
  databaseName: 'keyturn',
  blobEndpoint: 'https://stabcdefghijklm.blob.core.windows.net/',
  'tenant().tenantId': GUID,
  signInAppId: GUID,
  'environment().authentication.loginEndpoint': 'https://login.microsoftonline.com/',
  minimumAgentVersion: '2.23',
  'string(checkInSeconds)': '3600',
  'metricsSchedules[string(metricsMinutes)]': textAt(
    bicepFile('modules/app.bicep').variables,
    'metricsSchedules',
    '5',
  ),
  traceRatio: '1',
};

const declared = at(resource('Microsoft.Web/sites').body, 'properties', 'siteConfig', 'appSettings');
const settings = Object.fromEntries(
  (declared as readonly Value[]).map((each) => [textAt(each, 'name'), deployed(at(each, 'value'))]),
);

function deployed(value: Value | undefined): string {
  const text = value instanceof Expression ? DEPLOYED[value.text] : value;
  if (typeof text !== 'string') throw new Error(`what is ${JSON.stringify(value)} when deployed?`);
  return text;
}

/** Composes a system as on Flex Consumption, and answers what settings it looked at. */
async function settingsReadFrom(environment: Readonly<Record<string, string>>): Promise<Set<string>> {
  const read = new Set<string>();
  const watched = new Proxy<Readonly<Record<string, string | undefined>>>(
    { ...environment, WEBSITE_SKU: 'FlexConsumption' },
    {
      get(target, name) {
        read.add(String(name));
        return target[String(name)];
      },
    },
  );
  telemetrySettings(watched, '1.0.0');
  // OpenTelemetry and the host read it themselves.
  read.add('OTEL_TRACES_SAMPLER_ARG');
  await compose(watched).store.close();
  return read;
}

/** Read, and rightly not set in Azure. */
const NOT_IN_AZURE: readonly (string | RegExp)[] = [
  // Connection strings, which hold keys: accounts are named instead.
  'COSMOS',
  'KEYTURN_VAULT_BLOBS',
  'AzureWebJobsStorage',
  // The account's name says as much.
  'AzureWebJobsStorage__queueServiceUri',
  'KEYTURN_VAULT_BLOBS__accountName',
  // For demonstrations on one machine.
  'KEYTURN_CLOCK_FILE',
  // For those who send telemetry elsewhere as well.
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  // What tells Azure from one machine is Azure's to set.
  /^WEBSITE_/,
  // Every consumer of the change feed runs.
  /^AzureWebJobs\..*\.Disabled$/,
];

describe('the app settings of infra/azure', () => {
  it('make a system, as they are', async () => {
    await expect(settingsReadFrom(settings)).resolves.toContain('KEYTURN_STORE');
  });

  it('are all that the code reads, but what is not for Azure', async () => {
    const missing = [...(await settingsReadFrom(settings))].filter(
      (name) =>
        !(name in settings) &&
        !NOT_IN_AZURE.some((each) => (each instanceof RegExp ? each.test(name) : each === name)),
    );
    expect(missing).toEqual([]);
  });

  it('are all that the bindings name', () => {
    const named = bindings.flatMap(settingsNamedIn);
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(named));
    expect(named).toEqual(expect.arrayContaining(['RENEWAL_SCAN_SCHEDULE', 'COSMOS_DATABASE']));
  });

  it('name an account and an identity for every connection of a binding', () => {
    for (const connection of valuesOf('connection')) {
      const ofConnection = Object.keys(settings).filter((name) => name.startsWith(`${connection}__`));
      expect(ofConnection).toEqual(
        expect.arrayContaining([`${connection}__credential`, `${connection}__clientId`]),
      );
      expect(ofConnection).toHaveLength(3);
    }
    expect(valuesOf('connection')).toEqual(expect.arrayContaining(['AzureWebJobsStorage', 'COSMOS']));
  });

  it('hold nothing that nobody reads', async () => {
    const read = await settingsReadFrom(settings);
    const named = bindings.flatMap(settingsNamedIn);
    expect(Object.keys(settings).filter((name) => !read.has(name) && !named.includes(name))).toEqual([]);
  });

  it('hold every schedule as it is on one machine', () => {
    const sample = JSON.parse(readFileSync(join(ROOT, 'local.settings.sample.json'), 'utf8')) as {
      Values: Record<string, string>;
    };
    const schedules = Object.entries(settings).filter(([name]) => name.endsWith('_SCHEDULE'));
    expect(sample.Values).toMatchObject(Object.fromEntries(schedules));
    expect(schedules.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    'KEYTURN_STORE',
    'KEYTURN_VAULT',
    'KEYTURN_PEOPLE',
    'KEYTURN_ENTRA_AUDIENCE',
    'COSMOS__accountEndpoint',
  ])('make none without %s', async (name) => {
    const { [name]: _, ...others } = settings;
    await expect(settingsReadFrom(others)).rejects.toThrow(name.split('__')[0]);
  });
});
