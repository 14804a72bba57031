// `npm start`: Keyturn on one machine.
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { callersFolder, whenNpmShellIsGone } from '../../shared/adapters/npm-parent.ts';
import { choiceOf, settingOf } from '../../shared/adapters/setting.ts';
import { DATA_DEFAULT, greeting, PORT_DEFAULT } from './greeting.ts';
import { startLocalKeyturn, type Store, STORES } from './local-keyturn.ts';
import { EXIT_CODES, StartFailure, tellFailure } from './start-failure.ts';

interface Options {
  readonly port: number;
  readonly data: string;
  readonly store?: Store;
  readonly app?: string;
  readonly clockFile?: string;
  readonly verbose: boolean;
}

const EXIT_CODES_HELP = `
Exit codes:
  0  stopped by SIGTERM or SIGINT
  1  it failed
  2  wrong usage
  3  another process has the data folder
  4  the data folder cannot be used
  5  the port is in use
  6  Azurite, which keeps key packages and queues, did not start, or ended
  7  Cosmos DB cannot be used

Settings, in the environment:
  KEYTURN_STORE            for --store, where that is not given
  KEYTURN_PEOPLE           entra: people sign in with Entra ID, and not with the data folder's token
  COSMOS                   for --store cosmos: the connection string of an emulator
  COSMOS__accountEndpoint  instead of it: the address of an account, reached as whoever is signed in
  COSMOS_DATABASE          keyturn, unless it is set
docs/settings.md explains all others.`;

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be 0 (any) to 65535.');
  return port;
}

function parsePath(text: string): string {
  return resolve(callersFolder(process.env, 'start'), text);
}

function parseOptions(argv: readonly string[]): Options {
  const command = new Command('npm start --')
    .description('Runs Keyturn on this machine, for this machine: it listens on 127.0.0.1 only.')
    .option('--port <port>', 'where to listen', parsePort, PORT_DEFAULT)
    .option('--data <folder>', 'where everything is kept', parsePath, DATA_DEFAULT)
    .addOption(
      new Option('--store <store>', 'where documents are kept (KEYTURN_STORE; sqlite)').choices(STORES),
    )
    .option(
      '--app <folder>',
      'run the bundle in it, which npm run build makes, instead of the sources',
      parsePath,
    )
    .option('--clock-file <file>', 'virtual time from a file; for demonstrations and tests only', parsePath)
    .option('--verbose', 'log what functions say, and requests', false)
    .addHelpText('after', EXIT_CODES_HELP)
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  return command.parse(argv).opts<Options>();
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
function signalToStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(EXIT_CODES.failed);
      resolve();
    });
  }
  whenNpmShellIsGone(process.env, resolve);
  return promise;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv);
  // Data, databases and blobs included, are the owner's alone.
  process.umask(0o077);
  const stopping = signalToStop();
  if (options.clockFile !== undefined) {
    write('keyturn: warning', 'time is virtual (--clock-file): never use this for real machines');
  }
  const keyturn = await startLocalKeyturn({
    ...options,
    store: options.store ?? choiceOf(process.env, 'KEYTURN_STORE', STORES, 'sqlite'),
    app: options.app ?? null,
    clockFile: options.clockFile ?? null,
  });
  process.stdout.write(greeting(keyturn.url, keyturn.data.path, entraAudience()));
  const failure = await Promise.race([stopping, keyturn.broken]);
  process.stdout.write('Keyturn stops …\n');
  await keyturn.stop();
  if (failure) throw failure;
}

/** Null where the data folder's token signs people in. */
function entraAudience(): string | null {
  const isEntra = settingOf(process.env, 'KEYTURN_PEOPLE') === 'entra';
  return isEntra ? settingOf(process.env, 'KEYTURN_ENTRA_AUDIENCE') : null;
}

function write(label: string, text: string): void {
  process.stderr.write(`${label}: ${text}\n`);
}

/** Says what went wrong, and with which code to end. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    tellFailure(error.message.replace(/^error: /, ''), 'npm start -- --help shows what there is');
    return EXIT_CODES.usage;
  }
  if (error instanceof StartFailure) {
    tellFailure(error.message, error.hint);
    return error.exitCode;
  }
  // By its name: the bundle of --app has a class of its own.
  if (error instanceof Error && error.name === 'SettingUnusable') {
    tellFailure(error.message, 'docs/settings.md explains every setting');
    return EXIT_CODES.usage;
  }
  write('keyturn: error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT_CODES.failed;
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  process.exitCode = report(error);
}
// Nothing is left to do; what a dependency may still hold open must not keep the process.
process.exit();
