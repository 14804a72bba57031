import { resolve } from 'node:path';
import { VERSION } from '../../shared/version.ts';

export const PORT_DEFAULT = 7071;
export const DATA_DEFAULT = '.keyturn';

/** Who is told nothing else finds the service there. */
const URL_DEFAULT = `http://127.0.0.1:${PORT_DEFAULT}`;
const NEEDS_NO_QUOTES = /^[\w./:@+-]+$/;

/** What is said once the service listens: where, and how to go on. `entraAudience` is null where its own token signs in. */
export function greeting(url: string, dataPath: string, entraAudience: string | null): string {
  return `Keyturn ${VERSION} listens on ${url}

  data       ${dataPath}
  sign in    ${signIn(url, dataPath, entraAudience)}
  contract   ${url}/api/openapi.json
  health     ${url}/api/health
`;
}

/** A command that works as it stands, from the folder of package.json. */
function signIn(url: string, dataPath: string, entraAudience: string | null): string {
  const server = url === URL_DEFAULT ? '' : ` --server ${url}`;
  const data = dataPath === resolve(DATA_DEFAULT) ? '' : ` --data ${shellWord(dataPath)}`;
  const token = entraAudience === null ? data : ` --entra-scope api://${entraAudience}/.default`;
  return `npm run keyturn -- groups list${server}${token}`;
}

function shellWord(text: string): string {
  return NEEDS_NO_QUOTES.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
