// Where telemetry goes, by the settings that everyone who sends it to Azure Monitor or by OTLP uses.
import { settingOf, SettingUnusable } from '../adapters/setting.ts';
import type { Environment } from '../adapters/setting.ts';

const AUTHENTICATION = 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING';

export interface TelemetrySettings {
  /** Null when nothing goes to Azure Monitor. */
  readonly azureMonitor: {
    readonly connectionString: string;
    /** Null: the connection string is enough. */
    readonly identity: { readonly clientId: string | null } | null;
  } | null;
  /** Whether it goes where `OTEL_EXPORTER_OTLP_ENDPOINT` says, which the exporter reads itself, with all its relatives. */
  readonly otlp: boolean;
  /** Whether the Functions host alone decides which traces are recorded, by a sampler that only it has. */
  readonly hostSamples: boolean;
  /** Keyturn's own version. */
  readonly version: string;
}

/** Null when it goes nowhere. @throws SettingUnusable for an authentication string that makes no sense. */
export function telemetrySettings(environment: Environment, version: string): TelemetrySettings | null {
  const connectionString = settingOf(environment, 'APPLICATIONINSIGHTS_CONNECTION_STRING');
  const otlp = settingOf(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT') !== null;
  if (connectionString === null && !otlp) return null;
  const identity = identityOf(settingOf(environment, AUTHENTICATION));
  const azureMonitor = connectionString === null ? null : { connectionString, identity };
  const hostSamples = settingOf(environment, 'OTEL_TRACES_SAMPLER')?.startsWith('microsoft.') ?? false;
  return { azureMonitor, otlp, hostSamples, version };
}

/** `Authorization=AAD`, and `;ClientId=…` for an identity that the user assigned. */
function identityOf(authentication: string | null): { readonly clientId: string | null } | null {
  if (authentication === null) return null;
  const parts = new Map(
    authentication.split(';').map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim()];
    }),
  );
  if (parts.get('authorization') !== 'AAD') {
    throw new SettingUnusable(AUTHENTICATION, 'must begin with Authorization=AAD');
  }
  return { clientId: parts.get('clientid') || null };
}
