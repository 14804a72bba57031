import { expect, test } from 'vitest';
import { SettingUnusable } from '../../shared/adapters/setting.ts';
import { telemetrySettings } from '../../shared/telemetry/settings.ts';

const CONNECTION = 'InstrumentationKey=00000000-0000-0000-0000-000000000000';

test.for<[string, Record<string, string>, object | null]>([
  ['nothing', {}, null],
  ['empty settings', { APPLICATIONINSIGHTS_CONNECTION_STRING: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' }, null],
  ['an identity and nowhere to go', { APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD' }, null],
  ['OTLP', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, { azureMonitor: null, otlp: true }],
  [
    'Azure Monitor',
    { APPLICATIONINSIGHTS_CONNECTION_STRING: CONNECTION },
    { azureMonitor: { connectionString: CONNECTION, identity: null }, otlp: false },
  ],
  [
    'Azure Monitor, by the app’s own identity',
    {
      APPLICATIONINSIGHTS_CONNECTION_STRING: CONNECTION,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
    },
    { azureMonitor: { connectionString: CONNECTION, identity: { clientId: null } }, otlp: false },
  ],
  [
    'Azure Monitor, by an identity that the user assigned, and OTLP',
    {
      APPLICATIONINSIGHTS_CONNECTION_STRING: CONNECTION,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=abc; Authorization=AAD',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    },
    { azureMonitor: { connectionString: CONNECTION, identity: { clientId: 'abc' } }, otlp: true },
  ],
])('%s', ([, environment, expected]) => {
  expect(telemetrySettings(environment, '1.2.3')).toEqual(
    expected && { ...expected, hostSamples: false, version: '1.2.3' },
  );
});

test.for([
  ['microsoft.fixed_percentage', true],
  ['microsoft.rate_limited', true],
  ['parentbased_traceidratio', false],
  ['', false],
] as const)('“%s”: whether the host alone samples is %s', ([sampler, hostSamples]) => {
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_SAMPLER: sampler };
  expect(telemetrySettings(environment, '1.2.3')).toMatchObject({ hostSamples });
});

test.each([
  ['APPLICATIONINSIGHTS_AUTHENTICATION_STRING', 'Authorization=Basic'],
  ['APPLICATIONINSIGHTS_CONNECTION_STRING', 'junk'],
  ['APPLICATIONINSIGHTS_CONNECTION_STRING', 'InstrumentationKey=junk'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'notaurl'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
])('%s=%s makes no sense, and is refused by its name', (setting, value) => {
  const environment = { APPLICATIONINSIGHTS_CONNECTION_STRING: CONNECTION, [setting]: value };
  expect(() => telemetrySettings(environment, '1.2.3')).toThrow(
    expect.objectContaining({ constructor: SettingUnusable, setting }),
  );
});
