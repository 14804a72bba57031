// The one place that reads the environment and picks adapters. docs/settings.md explains every setting.
import { azureConnection } from './adapters/azure-connection.ts';
import type { AzureConnection, AzureService } from './adapters/azure-connection.ts';
import { blobPackageVault } from './adapters/blob-package-vault.ts';
import { ENTRA_PUBLIC_CLOUD, entraPeopleAuthenticator } from './adapters/entra-people-authenticator.ts';
import { fileClock } from './adapters/file-clock.ts';
import { lateCosmosStore } from './adapters/late-cosmos-store.ts';
import { localPeopleAuthenticator } from './adapters/local-people-authenticator.ts';
import { measuredPackageVault } from './adapters/measured-package-vault.ts';
import { rememberingPackageVault } from './adapters/remembering-package-vault.ts';
import { choiceOf, requiredSetting, settingOf, SettingUnusable } from './adapters/setting.ts';
import type { Environment } from './adapters/setting.ts';
import { sqliteDocumentStore } from './adapters/sqlite-document-store.ts';
import { storageWorkQueue } from './adapters/storage-work-queue.ts';
import { systemClock } from './adapters/system-clock.ts';
import { tracedDocumentStore } from './adapters/traced-document-store.ts';
import { isAgentVersion, MINIMUM_AGENT_VERSION_DEFAULT } from './domain/agent-version.ts';
import { STEADY_SECONDS_DEFAULT } from './domain/check-in-schedule.ts';
import type { ChangeFeed } from './ports/change-feed.ts';
import type { Checkpoints } from './ports/checkpoints.ts';
import type { Clock } from './ports/clock.ts';
import type { PeopleAuthenticator } from './ports/people-authenticator.ts';
import { CONSUMER_NAMES } from './services/consumers.ts';
import type { Settings, System } from './services/system.ts';
import type { RunningTelemetry } from './telemetry/open-telemetry.ts';
import { telemetrySettings } from './telemetry/settings.ts';
import { VERSION } from './version.ts';

/** A system also has the change feed of its store, for an embedded host to serve. */
export interface ComposedSystem extends System {
  readonly feed: ChangeFeed & Checkpoints;
}

let composed: ComposedSystem | null = null;

/** The running system, made at first use from the environment. @throws SettingUnusable, StoreUnusable */
export function system(): ComposedSystem {
  composed ??= compose(process.env);
  return composed;
}

/** Has `system()` answer this one instead of the environment's, for hosts and tests that make their own. */
export function useSystem(made: ComposedSystem): void {
  composed = made;
}

/** Lets go of the system's files and connections; the next use makes it anew. */
export async function closeSystem(): Promise<void> {
  const closing = composed;
  composed = null;
  await closing?.store.close();
}

/** Starts sending traces and metrics, where the settings say whereto; null where they do not. @throws SettingUnusable */
export async function startTelemetry(): Promise<RunningTelemetry | null> {
  const settings = telemetrySettings(process.env, VERSION);
  if (settings === null) return null;
  const { startOpenTelemetry } = await import('./telemetry/open-telemetry.ts');
  return startOpenTelemetry(settings);
}

/** The name that the function which takes up the work is registered for. */
const WORK_QUEUE = 'fleet-retries';
const DATABASE_DEFAULT = 'keyturn';
const HEALTH_SECONDS = 5;

/**
 * A system as the settings say. Nothing is connected yet.
 * @throws SettingUnusable for what is missing, wrong or not for Azure; StoreUnusable for a file that cannot be the store.
 */
export function compose(environment: Environment): ComposedSystem {
  choiceOf(environment, 'KEYTURN_VAULT', ['blobs']);
  const clock = clockOf(environment);
  const people = peopleOf(environment, clock);
  const settings = settingsOf(environment);
  const vault = blobPackageVault({ connection: connectionOf(environment, 'KEYTURN_VAULT_BLOBS', 'blob') });
  const queue = storageWorkQueue({
    connection: connectionOf(environment, 'AzureWebJobsStorage', 'queue'),
    queue: WORK_QUEUE,
  });
  // Last, since it opens a file: nobody would close that if something else were wrong.
  const { store, feed } = storeOf(environment);
  return {
    store: tracedDocumentStore(store),
    feed,
    vault: rememberingPackageVault(measuredPackageVault(vault)),
    queue,
    clock,
    people,
    settings,
  };
}

function storeOf(environment: Environment): Pick<ComposedSystem, 'store' | 'feed'> {
  if (choiceOf(environment, 'KEYTURN_STORE', ['sqlite', 'cosmos']) === 'cosmos') {
    return lateCosmosStore({
      connection: connectionOf(environment, 'COSMOS', 'cosmos'),
      database: settingOf(environment, 'COSMOS_DATABASE') ?? DATABASE_DEFAULT,
    });
  }
  refuseInAzure(environment, 'KEYTURN_STORE', 'must be cosmos in Azure, where files go with their instance');
  const file = requiredSetting(environment, 'KEYTURN_SQLITE_FILE', 'name the file of the SQLite store');
  const store = sqliteDocumentStore({ file });
  return { store, feed: store };
}

function connectionOf(environment: Environment, name: string, service: AzureService): AzureConnection {
  const connection = azureConnection(environment, name, service);
  if (connection.kind === 'connectionString') {
    refuseInAzure(environment, name, 'holds a key, which is not for Azure; name the account instead');
  }
  return connection;
}

function peopleOf(environment: Environment, clock: Clock): PeopleAuthenticator {
  if (choiceOf(environment, 'KEYTURN_PEOPLE', ['local', 'entra'], 'local') === 'entra') {
    const tenant = 'set it to the id of the tenant whose people sign in';
    const audience = "set it to the client id of the service's app registration";
    return entraPeopleAuthenticator({
      tenant: requiredSetting(environment, 'KEYTURN_ENTRA_TENANT', tenant),
      audience: requiredSetting(environment, 'KEYTURN_ENTRA_AUDIENCE', audience),
      authority: settingOf(environment, 'KEYTURN_ENTRA_AUTHORITY') ?? ENTRA_PUBLIC_CLOUD,
      clock,
    });
  }
  refuseInAzure(environment, 'KEYTURN_PEOPLE', 'must be entra in Azure, where no tokens are made locally');
  return localPeopleAuthenticator(settingOf(environment, 'KEYTURN_LOCAL_TOKENS') ?? '');
}

/** Virtual time is for demonstrations and tests on one machine. */
function clockOf(environment: Environment): Clock {
  const file = settingOf(environment, 'KEYTURN_CLOCK_FILE');
  if (file === null) return systemClock();
  refuseInAzure(environment, 'KEYTURN_CLOCK_FILE', 'is not for Azure; remove it');
  return fileClock(file);
}

function settingsOf(environment: Environment): Settings {
  const minimumAgentVersion =
    settingOf(environment, 'KEYTURN_MINIMUM_AGENT_VERSION') ?? MINIMUM_AGENT_VERSION_DEFAULT;
  if (!isAgentVersion(minimumAgentVersion)) {
    const problem = `must be like 2.23, not ${minimumAgentVersion}`;
    throw new SettingUnusable('KEYTURN_MINIMUM_AGENT_VERSION', problem);
  }
  const seconds = settingOf(environment, 'KEYTURN_CHECK_IN_SECONDS');
  const steadyCheckInSeconds = Number(seconds ?? STEADY_SECONDS_DEFAULT);
  if (!Number.isInteger(steadyCheckInSeconds) || steadyCheckInSeconds < 60 || steadyCheckInSeconds > 43_200) {
    throw new SettingUnusable('KEYTURN_CHECK_IN_SECONDS', `must be 60 to 43200, not ${seconds}`);
  }
  return {
    minimumAgentVersion,
    steadyCheckInSeconds,
    feedConsumers: consumersOf(environment),
    healthSeconds: HEALTH_SECONDS,
    version: VERSION,
  };
}

/** Those that are not switched off, by the setting that the Functions host knows. */
function consumersOf(environment: Environment): readonly string[] {
  return CONSUMER_NAMES.filter((name) => {
    const disabled = settingOf(environment, `AzureWebJobs.${name}.Disabled`);
    return disabled !== '1' && disabled?.toLowerCase() !== 'true';
  });
}

/** What the plans of Azure Functions set, each its own, and nothing else does. */
const SET_IN_AZURE = ['WEBSITE_INSTANCE_ID', 'WEBSITE_POD_NAME', 'WEBSITE_SKU'] as const;

function refuseInAzure(environment: Environment, setting: string, problem: string): void {
  if (SET_IN_AZURE.some((name) => environment[name])) throw new SettingUnusable(setting, problem);
}
