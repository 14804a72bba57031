// Azurite's blobs and queues as one child process, on free ports of the loopback interface. It has no supported
// in-process API. It lives and dies with this process, and is not started again if it dies before. Only who has
// the connection string gets at what it holds: every user of the machine can reach its ports.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';

export interface Azurite {
  /** For the storage libraries. Its key is a new one at every start. */
  readonly connectionString: string;
  readonly pid: number;
  /** Asks it to write what it holds and end; resolves when it has. */
  stop(): Promise<void>;
}

export interface AzuriteOptions {
  readonly location: string;
  /** Called when it ends without being asked to: from then on nothing can be stored. */
  readonly onUnexpectedExit: (error: AzuriteFailed) => void;
}

/** Azurite did not start, or ended by itself; the message holds what it said last. */
export class AzuriteFailed extends Error {
  override readonly name = 'AzuriteFailed';
}

/** Part of what Azurite keeps everything under: it stays the same from start to start. */
const ACCOUNT = 'devstoreaccount1';
/** As long as the keys of storage accounts in Azure. */
const KEY_BYTES = 64;

/** It has tables, too, which nobody uses: all three in one process take 12 MB more than blobs alone, queues in another 95. */
const SERVICES = ['Blob', 'Queue', 'Table'] as const;
const LISTENING = /Azurite (\w+) service is successfully listening at (http:\/\/127\.0\.0\.1:\d+)/g;
const START_MILLISECONDS_MAX = 30_000;
const STOP_MILLISECONDS_MAX = 8_000;
const OUTPUT_KEPT = 2_000;

function launch(location: string, key: string): ChildProcess {
  const command = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const flags = ['--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const addresses = SERVICES.flatMap((service) => {
    const name = service.toLowerCase();
    return [`--${name}Host`, '127.0.0.1', `--${name}Port`, '0'];
  });
  return fork(command, [...flags, '--location', location, ...addresses], {
    execArgv: ['--import', new URL('./azurite-child.ts', import.meta.url).href],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Not on the command line, which every user can read. It takes the place of the key that everybody knows.
    env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
    // A process group of its own: Ctrl-C in a terminal is for us, and functions under way still need it.
    detached: true,
  });
}

/** Resolves with the addresses it says its services listen on. */
async function listening(child: ChildProcess, output: () => string): Promise<ReadonlyMap<string, string>> {
  const started = Promise.withResolvers<ReadonlyMap<string, string>>();
  const fail = (reason: string): void => started.reject(new AzuriteFailed(`Azurite ${reason}: ${output()}`));
  const look = (): void => {
    const found = [...output().matchAll(LISTENING)];
    const addresses = new Map(found.map(([, service = '', address = '']) => [service, address]));
    if (SERVICES.every((service) => addresses.has(service))) started.resolve(addresses);
  };
  const onExit = (code: number | null, signal: string | null): void => fail(`ended with ${code ?? signal}`);
  const timer = setTimeout(() => fail('did not start in time'), START_MILLISECONDS_MAX);
  child.stdout?.on('data', look);
  child.once('exit', onExit);
  child.once('error', (error) => fail(error.message));
  try {
    return await started.promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
    child.stdout?.off('data', look);
    child.off('exit', onExit);
  }
}

/**
 * Starts it and waits until it listens. `location` is made if need be, and belongs to one Azurite at a time.
 * @throws AzuriteFailed
 */
export async function startAzurite(options: AzuriteOptions): Promise<Azurite> {
  const key = randomBytes(KEY_BYTES).toString('base64');
  const child = launch(options.location, key);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_KEPT);
    });
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const addresses = await listening(child, () => output.trim());
  const onExit = (code: number | null, signal: string | null): void =>
    options.onUnexpectedExit(
      // Who was killed had not said why.
      new AzuriteFailed(`Azurite ended with ${code === null ? signal : `${code}: ${output.trim()}`}`),
    );
  child.once('exit', onExit);

  return {
    pid: child.pid ?? 0,
    connectionString: [
      'DefaultEndpointsProtocol=http',
      `AccountName=${ACCOUNT}`,
      `AccountKey=${key}`,
      `BlobEndpoint=${addresses.get('Blob')}/${ACCOUNT}`,
      `QueueEndpoint=${addresses.get('Queue')}/${ACCOUNT};`,
    ].join(';'),
    async stop() {
      child.off('exit', onExit);
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS_MAX);
      await exited;
      clearTimeout(timer);
    },
  };
}
