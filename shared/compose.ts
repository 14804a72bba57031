// The one place that reads the environment and picks adapters.
import { azureConnection } from './adapters/azure-connection.ts';
import { blobPackageVault } from './adapters/blob-package-vault.ts';
import { fileClock } from './adapters/file-clock.ts';
import { localPeopleAuthenticator } from './adapters/local-people-authenticator.ts';
import { rememberingPackageVault } from './adapters/remembering-package-vault.ts';
import { sqliteDocumentStore } from './adapters/sqlite-document-store.ts';
import { storageWorkQueue } from './adapters/storage-work-queue.ts';
import { systemClock } from './adapters/system-clock.ts';
import { isAgentVersion, MINIMUM_AGENT_VERSION_DEFAULT } from './domain/agent-version.ts';
import { STEADY_SECONDS_DEFAULT } from './domain/check-in-schedule.ts';
import type { ChangeFeed } from './ports/change-feed.ts';
import type { Checkpoints } from './ports/checkpoints.ts';
import type { Clock } from './ports/clock.ts';
import type { Settings, System } from './services/system.ts';
import { VERSION } from './version.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A system on one machine also has the change feed that its host serves. */
export interface ComposedSystem extends System {
  readonly feed: ChangeFeed & Checkpoints;
}

let composed: ComposedSystem | null = null;

/** The running system, made at first use from the environment. @throws Error when a setting is missing or unusable. */
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

function compose(environment: Environment): ComposedSystem {
  requireChoice(environment, 'KEYTURN_STORE', 'sqlite');
  requireChoice(environment, 'KEYTURN_VAULT', 'blobs');
  const store = sqliteDocumentStore({ file: required(environment, 'KEYTURN_SQLITE_FILE') });
  return {
    store,
    feed: store,
    vault: rememberingPackageVault(
      blobPackageVault({ connectionString: required(environment, 'KEYTURN_VAULT_BLOBS') }),
    ),
    queue: storageWorkQueue({
      connection: azureConnection(environment, 'AzureWebJobsStorage', 'queue'),
      queue: 'fleet-retries',
    }),
    clock: clockOf(environment),
    people: localPeopleAuthenticator(environment['KEYTURN_LOCAL_TOKENS'] ?? ''),
    settings: settingsOf(environment),
  };
}

/** Virtual time is for demonstrations and tests on one machine; in Azure the setting is refused. */
function clockOf(environment: Environment): Clock {
  const file = environment['KEYTURN_CLOCK_FILE'];
  if (!file) return systemClock();
  if (environment['WEBSITE_INSTANCE_ID']) throw new Error('KEYTURN_CLOCK_FILE is not for Azure; remove it.');
  return fileClock(file);
}

function settingsOf(environment: Environment): Settings {
  const minimumAgentVersion = environment['KEYTURN_MINIMUM_AGENT_VERSION'] || MINIMUM_AGENT_VERSION_DEFAULT;
  if (!isAgentVersion(minimumAgentVersion)) {
    throw new Error(`KEYTURN_MINIMUM_AGENT_VERSION must be like 2.23, not ${minimumAgentVersion}`);
  }
  const steadyCheckInSeconds = Number(environment['KEYTURN_CHECK_IN_SECONDS'] || STEADY_SECONDS_DEFAULT);
  if (!Number.isInteger(steadyCheckInSeconds) || steadyCheckInSeconds < 60 || steadyCheckInSeconds > 43_200) {
    throw new Error('KEYTURN_CHECK_IN_SECONDS must be 60 to 43200');
  }
  return { minimumAgentVersion, steadyCheckInSeconds, version: VERSION };
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`the setting ${name} is missing`);
  return value;
}

function requireChoice(environment: Environment, name: string, choice: string): void {
  const value = required(environment, name);
  if (value !== choice) throw new Error(`the setting ${name} must be ${choice}, not ${value}`);
}
