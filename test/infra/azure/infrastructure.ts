// The files of infra/azure, read once for all tests.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { ROOT } from '../../source-tree.ts';
import { parseBicep } from './bicep.ts';
import type { BicepFile, Resource } from './bicep.ts';

export const AZURE = join(ROOT, 'infra/azure');

/** By their path below infra/azure. */
export const bicepFiles: ReadonlyMap<string, BicepFile> = new Map(
  readdirSync(AZURE, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.bicep'))
    .toSorted()
    .map((path) => [path, parseBicep(readFileSync(join(AZURE, path), 'utf8'))]),
);

export function bicepFile(path: string): BicepFile {
  const file = bicepFiles.get(path);
  if (file === undefined) throw new Error(`there is no infra/azure/${path}`);
  return file;
}

export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(AZURE, name), 'utf8'));
}

/** What is made, of all files; not what is only referred to. */
export function resourcesOf(type: string | RegExp): Resource[] {
  return [...bicepFiles.values()]
    .flatMap(({ resources }) => resources)
    .filter(
      (each) => !each.isExisting && (type instanceof RegExp ? type.test(each.type) : each.type === type),
    );
}

export function resource(type: string): Resource {
  const [found, ...more] = resourcesOf(type);
  if (found === undefined || more.length > 0)
    throw new Error(`${type} is declared ${more.length + (found ? 1 : 0)} times`);
  return found;
}
