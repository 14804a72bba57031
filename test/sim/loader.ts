// Loaded before everything else in a process that simulates: what the functions register goes to the simulated host, pages
// and pieces are so small that few machines fill several, cryptography may be the stand-in, and a deliberate defect may be
// put into a source. All of it is done to modules as they are loaded; no file is changed.
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findMutation } from './mutations.ts';
import type { SourceEdit } from './mutations.ts';
import { STAND_IN_MODULES } from './crypto/stand-in-modules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { KEYTURN_SIM_CRYPTO, KEYTURN_SIM_MUTATION } = process.env;

/** Bounds that only a large fleet would reach. */
const SMALLER: readonly SourceEdit[] = [
  {
    file: 'shared/services/fan-out.ts',
    find: 'const MACHINES_PER_BATCH = BATCH_OPERATIONS_MAX / 2;',
    put: 'const MACHINES_PER_BATCH = BATCH_OPERATIONS_MAX / 100;',
  },
  { file: 'shared/services/fan-out.ts', find: 'const PAGE = 200;', put: 'const PAGE = 2;' },
  { file: 'shared/services/fan-out.ts', find: 'const PAGES = 5;', put: 'const PAGES = 1;' },
  { file: 'shared/services/renewals.ts', find: 'const PAGE = 100;', put: 'const PAGE = 1;' },
];

const mutation = KEYTURN_SIM_MUTATION ? findMutation(KEYTURN_SIM_MUTATION) : null;
const edits = [...SMALLER, ...(mutation?.edits ?? [])];
const standIns = new Map(
  KEYTURN_SIM_CRYPTO === 'real'
    ? []
    : STAND_IN_MODULES.map(
        (name) => [urlOf(`shared/crypto/${name}`), urlOf(`test/sim/crypto/${name}`)] as const,
      ),
);

function urlOf(path: string): string {
  return pathToFileURL(`${ROOT}${path}`).href;
}

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === '@azure/functions') {
      return { url: urlOf('test/sim/registrations.ts'), shortCircuit: true };
    }
    const resolved = nextResolve(specifier, context);
    const instead = standIns.get(resolved.url);
    // A stand-in may build on what it stands in for.
    return instead === undefined || context.parentURL === instead ? resolved : { ...resolved, url: instead };
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = edits.filter(({ file }) => url === urlOf(file));
    if (own.length === 0) return loaded;
    const source = own.reduce(edited, Buffer.from(loaded.source as Uint8Array).toString());
    return { ...loaded, source };
  },
});

function edited(source: string, { file, find, put }: SourceEdit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file} has “${find}” ${parts.length - 1} times, not once`);
  return parts.join(put);
}
