// What is deployed: a folder with one bundle and its source map, a file that starts it, host.json and a package.json. The bundle
// is loaded as a Functions worker would, and refused unless it registers exactly what the sources register.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { build } from 'esbuild';
import type { FunctionMetadata } from './local/rpc.ts';

export interface BundleOptions {
  /** Emptied first. */
  readonly folder: string;
  /** What the bundle is made of: the file that registers every function, unless a test says otherwise. */
  readonly entry?: string;
}

export interface Bundle {
  /** As they are registered, by name. */
  readonly functions: readonly FunctionMetadata[];
  readonly bytes: number;
}

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const ENTRY = `${ROOT}functions/index.ts`;
const LISTER = `${ROOT}infra/list-functions.ts`;
const OUTPUT_BYTES_MAX = 10_000_000;

/** The file that starts the bundle. */
export const MAIN = 'main.cjs';
const CODE = 'keyturn.cjs';

/**
 * Node reads a file's source map when it loads the file, if it has been told to by then. Told by the worker's arguments, Azure
 * would start another worker than the one that it keeps ready.
 */
const START = `'use strict';
process.setSourceMapsEnabled(true);
require(${JSON.stringify(`./${CODE}`)});
`;

/** @throws Error when the bundle does not register what the sources do. */
export async function buildBundle({ folder, entry = ENTRY }: BundleOptions): Promise<Bundle> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const file = join(folder, CODE);
  const main = join(folder, MAIN);
  await bundle(entry, file);
  await writeFile(main, START);
  await copyFile(`${ROOT}host.json`, join(folder, 'host.json'));
  await writeManifest(join(folder, 'package.json'));

  const [built, expected] = await Promise.all([registrationsOf(main), registrationsOf(ENTRY)]);
  const wrong = differences(built, expected);
  if (wrong.length > 0) throw new Error(`the bundle is not what the sources are: ${wrong.join('; ')}`);
  const { size } = await stat(file);
  return { functions: built, bytes: size };
}

async function bundle(entry: string, file: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: 'node',
    // Older than what is deployed, for whoever's plan offers no newer one yet.
    target: 'node22',
    // Loads a fifth faster than a module: importing `node:http` and the like into one loads all that they can export.
    format: 'cjs',
    sourcemap: true,
    // The sources are in the repository: with their text the map would be several times the bundle.
    sourcesContent: false,
    minify: true,
    keepNames: true,
    legalComments: 'linked',
    // The worker provides it.
    external: ['@azure/functions-core'],
  });
}

async function writeManifest(file: string): Promise<void> {
  const { name, version } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8')) as Record<
    string,
    string
  >;
  const manifest = { name, version, private: true, type: 'commonjs', main: MAIN };
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What a file registers when it is imported, in a process of its own with a stand-in for the worker's module. */
export async function registrationsOf(file: string): Promise<readonly FunctionMetadata[]> {
  const options = { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX } as const;
  const { stdout } = await promisify(execFile)(process.execPath, [LISTER, file], options);
  return JSON.parse(stdout) as FunctionMetadata[];
}

/** What one of them registers and the other does not, or otherwise. */
export function differences(
  built: readonly FunctionMetadata[],
  expected: readonly FunctionMetadata[],
): string[] {
  if (built.length === 0) return ['it registers nothing'];
  const byName = new Map(built.map((each) => [each.name, each]));
  const lacking = expected.flatMap((each) => {
    const found = byName.get(each.name);
    if (found === undefined) return [`it lacks ${each.name}`];
    return isDeepStrictEqual(found, each) ? [] : [`it registers ${each.name} otherwise`];
  });
  const names = new Set(expected.map(({ name }) => name));
  const surplus = built.filter(({ name }) => !names.has(name)).map(({ name }) => `it adds ${name}`);
  return [...lacking, ...surplus];
}
