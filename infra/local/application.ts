// The functions that a host runs: the sources as they are, or what is deployed, found as a Functions worker finds it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HostOptions } from './host.ts';
import { StartFailure } from './start-failure.ts';

/** @throws StartFailure when a folder does not hold all that is deployed. */
export function applicationIn(folder: string | null): Pick<HostOptions, 'load' | 'hostJson'> {
  if (folder === null) return { load: () => import('../../functions/index.ts') };
  const main = mainIn(folder);
  const hostJson = join(folder, 'host.json');
  for (const file of [hostJson, main]) {
    if (!existsSync(file)) throw unusable(`there is no ${file}`);
  }
  return { load: () => import(pathToFileURL(main).href), hostJson: pathToFileURL(hostJson) };
}

/** The file that starts the functions, which the folder's package.json names. */
function mainIn(folder: string): string {
  const file = join(folder, 'package.json');
  try {
    const { main } = JSON.parse(readFileSync(file, 'utf8')) as { main?: unknown };
    if (typeof main === 'string') return join(folder, main);
  } catch (cause) {
    throw unusable(`${file} cannot be read`, { cause });
  }
  throw unusable(`${file} names no main`);
}

function unusable(problem: string, options?: ErrorOptions): StartFailure {
  return new StartFailure('usage', problem, 'make the bundle with npm run build', options);
}
