// Everything of a Keyturn on one machine, started in the order in which each needs the others, and stopped
// in the reverse: data folder, Azurite, system, host.
import { fileClock } from '../../shared/adapters/file-clock.ts';
import { SettingUnusable } from '../../shared/adapters/setting.ts';
import { systemClock } from '../../shared/adapters/system-clock.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { applicationIn } from './application.ts';
import { AzuriteFailed, startAzurite } from './azurite.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { prepareCosmos } from './cosmos-account.ts';
import { startHost, type Host } from './host.ts';
import { lineLog } from './line-log.ts';
import { storageMessageQueues } from './message-queue.ts';
import { errorCode, StartFailure } from './start-failure.ts';

export const STORES = ['sqlite', 'cosmos'] as const;
export type Store = (typeof STORES)[number];

export interface LocalKeyturnOptions {
  readonly port: number;
  readonly data: string;
  readonly store: Store;
  /** A folder with a bundle and its host.json, as they are deployed, to run instead of the sources. */
  readonly app: string | null;
  /** Virtual time instead of the machine's, for demonstrations. */
  readonly clockFile: string | null;
  readonly verbose: boolean;
}

export interface LocalKeyturn {
  readonly url: string;
  readonly data: DataFolder;
  /** Resolves when it cannot go on, whatever is asked of it: it is to be stopped, and started anew. */
  readonly broken: Promise<StartFailure>;
  stop(): Promise<void>;
}

/** Timers run every five minutes unless the environment says otherwise, as the deployment in Azure does. */
const SCHEDULE_DEFAULT = '0 */5 * * * *';
const DATABASE_DEFAULT = 'keyturn';

function writeLine(line: string): void {
  process.stderr.write(line);
}

function cosmosDatabase(): string {
  return process.env['COSMOS_DATABASE'] || DATABASE_DEFAULT;
}

/** What `shared/compose.ts` reads. The process's own environment goes to nobody else, so it is set there. */
function setEnvironment(
  { store, clockFile }: Pick<LocalKeyturnOptions, 'store' | 'clockFile'>,
  data: DataFolder,
  storage: string,
): void {
  Object.assign(process.env, {
    COSMOS_DATABASE: cosmosDatabase(),
    RENEWAL_SCAN_SCHEDULE: process.env['RENEWAL_SCAN_SCHEDULE'] || SCHEDULE_DEFAULT,
    FLEET_METRICS_SCHEDULE: process.env['FLEET_METRICS_SCHEDULE'] || SCHEDULE_DEFAULT,
    KEYTURN_STORE: store,
    KEYTURN_SQLITE_FILE: data.databaseFile,
    KEYTURN_VAULT: 'blobs',
    KEYTURN_VAULT_BLOBS: storage,
    AzureWebJobsStorage: storage,
    KEYTURN_CLOCK_FILE: clockFile ?? '',
    KEYTURN_PEOPLE: process.env['KEYTURN_PEOPLE'] || 'local',
    KEYTURN_LOCAL_TOKENS: `Admin:local:${data.tokenSha256}`,
  });
}

async function startBlobs(data: DataFolder) {
  const broken = Promise.withResolvers<StartFailure>();
  const onUnexpectedExit = (cause: AzuriteFailed): void => {
    const hint = 'start Keyturn again; docs/durability.md says what a killed Azurite may have lost';
    broken.resolve(new StartFailure('azurite', cause.message, hint, { cause }));
  };
  try {
    const blobs = await startAzurite({ location: data.blobsFolder, onUnexpectedExit });
    return { blobs, broken: broken.promise };
  } catch (error) {
    if (!(error instanceof AzuriteFailed)) throw error;
    const hint = `look at ${data.blobsFolder}, where key packages are kept`;
    throw new StartFailure('azurite', error.message, hint, { cause: error });
  }
}

/** The clock for what is logged before there is a system; a bad clock file is found out here. */
function openClock(file: string | null): Clock {
  if (file === null) return systemClock();
  try {
    return fileClock(file);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = `write an instant such as 2026-11-22T00:00:00Z into ${file}`;
    throw new StartFailure('usage', message, hint, { cause: error });
  }
}

/** Imported only now: it reads the environment. */
async function composeSystem(data: DataFolder) {
  const { closeSystem, system } = await import('../../shared/compose.ts');
  try {
    return { running: system(), closeSystem };
  } catch (error) {
    if (error instanceof SettingUnusable) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const hint = `look at ${data.path}, or name another folder with --data`;
    throw new StartFailure('dataUnusable', message, hint, { cause: error });
  }
}

async function listen(starting: Promise<Host>, port: number): Promise<Host> {
  try {
    return await starting;
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') {
      const hint = 'stop what listens there, or name another port with --port';
      throw new StartFailure('portInUse', `port ${port} is in use`, hint, { cause: error });
    }
    if (errorCode(error) === 'EACCES') {
      const hint = 'name a port above 1023 with --port';
      throw new StartFailure('portInUse', `port ${port} is not allowed to this user`, hint, { cause: error });
    }
    throw error;
  }
}

/** @throws StartFailure, SettingUnusable; whatever was started by then is stopped again. */
export async function startLocalKeyturn(options: LocalKeyturnOptions): Promise<LocalKeyturn> {
  const started: (() => unknown)[] = [];
  async function stop(): Promise<void> {
    for (const undo of started.splice(0).toReversed()) await undo();
  }
  try {
    const clock = openClock(options.clockFile);
    const log = lineLog({ clock, from: options.verbose ? 'debug' : 'warning', write: writeLine });
    const application = applicationIn(options.app);
    const data = openDataFolder(options.data);
    started.push(() => data.release());
    if (options.store === 'cosmos') await prepareCosmos(process.env, cosmosDatabase());
    const { blobs, broken } = await startBlobs(data);
    started.push(() => blobs.stop());
    setEnvironment(options, data, blobs.connectionString);
    const { running, closeSystem } = await composeSystem(data);
    started.push(closeSystem);
    const starting = startHost({
      ...application,
      clock: running.clock,
      changeFeed: running.feed,
      checkpoints: running.feed,
      messageQueues: storageMessageQueues(process.env),
      settings: process.env,
      address: { host: '127.0.0.1', port: options.port },
      log,
    });
    const host = await listen(starting, options.port);
    started.push(() => host.stop());
    return { url: host.url, data, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
