// Where telemetry goes, by the settings that everyone who sends it to Azure Monitor or by OTLP uses.
import { settingOf, SettingUnusable } from '../adapters/setting.ts';
import type { Environment } from '../adapters/setting.ts';

const CONNECTION = 'APPLICATIONINSIGHTS_CONNECTION_STRING';
const AUTHENTICATION = 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING';
const OTLP_ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/** The one form that the exporter takes. */
const INSTRUMENTATION_KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

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

/** Null when it goes nowhere. @throws SettingUnusable for what makes no sense. */
export function telemetrySettings(environment: Environment, version: string): TelemetrySettings | null {
  const connectionString = connectionStringOf(environment);
  const otlp = sendsByOtlp(environment);
  if (connectionString === null && !otlp) return null;
  const identity = identityOf(settingOf(environment, AUTHENTICATION));
  const azureMonitor = connectionString === null ? null : { connectionString, identity };
  const hostSamples = settingOf(environment, 'OTEL_TRACES_SAMPLER')?.startsWith('microsoft.') ?? false;
  return { azureMonitor, otlp, hostSamples, version };
}

function connectionStringOf(environment: Environment): string | null {
  const text = settingOf(environment, CONNECTION);
  if (text === null || INSTRUMENTATION_KEY.test(partsOf(text).get('instrumentationkey') ?? '')) return text;
  throw new SettingUnusable(
    CONNECTION,
    'must be the one that Application Insights shows: InstrumentationKey=…;IngestionEndpoint=https://…',
  );
}

/** The exporter itself only grumbles at an address that is none, and sends nothing. */
function sendsByOtlp(environment: Environment): boolean {
  const address = settingOf(environment, OTLP_ENDPOINT);
  if (address === null) return false;
  if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return true;
  throw new SettingUnusable(OTLP_ENDPOINT, `must be an http or https address, not ${address}`);
}

/** `Authorization=AAD`, and `;ClientId=…` for an identity that the user assigned. */
function identityOf(authentication: string | null): { readonly clientId: string | null } | null {
  if (authentication === null) return null;
  const parts = partsOf(authentication);
  if (parts.get('authorization') !== 'AAD') {
    throw new SettingUnusable(AUTHENTICATION, 'must begin with Authorization=AAD');
  }
  return { clientId: parts.get('clientid') || null };
}

/** Of `Name=value;…`, by names in small letters. */
function partsOf(text: string): ReadonlyMap<string, string> {
  const parts = text.split(';').map((part): [string, string] => {
    const [name = '', value = ''] = part.split('=', 2);
    return [name.trim().toLowerCase(), value.trim()];
  });
  return new Map(parts);
}
