// How a person signs in: with a token that is given, with Entra ID, or with the token that a service on this machine made.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isOnThisMachine } from '../shared/api/client.ts';
import type { TokenSource } from './entra-sign-in.ts';
import { environmentServer } from './compose.ts';
import { Failure } from './failure.ts';
import type { World } from './world.ts';

export interface SignInOptions {
  readonly server?: string;
  readonly signInToken?: string;
  readonly entraScope?: string;
  readonly data?: string;
}

/**
 * A scope of Entra ID in the environment is for services elsewhere; given as an option, it is meant. The token of a local
 * service is not sent to one elsewhere, unless its folder is named: it would be given away.
 * @throws Failure `usage` for the scope, `forbidden` when there is no way to sign in.
 */
export async function signedIn(world: World, options: SignInOptions, server: string): Promise<TokenSource> {
  const env = environmentFor(server, world);
  const given = options.signInToken ?? env.KEYTURN_TOKEN;
  if (given) return () => Promise.resolve(given.trim());

  const isElsewhere = !isOnThisMachine(server);
  const scope = options.entraScope ?? (isElsewhere ? env.KEYTURN_ENTRA_SCOPE : undefined);
  if (scope) {
    const { entraTokenSource } = await import('./entra-sign-in.ts');
    return entraTokenSource(scope);
  }
  const folder = options.data ?? env.KEYTURN_DATA;
  if (isElsewhere && !folder) {
    throw new Failure(
      'forbidden',
      `Not signed in to ${server}: ${lacking(server, world)}`,
      'With Entra ID: az login, then --entra-scope api://APP_ID/.default, with the id of the service’s app registration.',
    );
  }
  const data = folder ? resolve(world.cwd, folder) : world.localData;
  const token = await localToken(world, data, server);
  return () => Promise.resolve(token);
}

/**
 * The environment signs in to the service that it names. `--server` may name another, or be mistyped, which is not sent what is
 * meant for that; a service on this machine is sent what services on this machine made.
 */
function environmentFor(server: string, world: World): NodeJS.ProcessEnv {
  if (isOfEnvironment(server, world)) return world.env;
  return isOnThisMachine(server) ? { KEYTURN_DATA: world.env.KEYTURN_DATA } : {};
}

function isOfEnvironment(server: string, world: World): boolean {
  return server === environmentServer(world);
}

function lacking(server: string, world: World): string {
  return isOfEnvironment(server, world)
    ? 'none of --entra-scope, KEYTURN_ENTRA_SCOPE, --sign-in-token and KEYTURN_TOKEN is given'
    : '--server needs --entra-scope or --sign-in-token beside it, since KEYTURN_ENTRA_SCOPE and KEYTURN_TOKEN are for KEYTURN_SERVER alone';
}

async function localToken(world: World, data: string, server: string): Promise<string> {
  const path = join(data, 'token');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new Failure(
      'forbidden',
      `Not signed in to ${server}: ${path} cannot be read, and ${lacking(server, world)}`,
      'npm start runs a service here, and makes that file. Run this beside its data folder, or give that with --data.',
      { cause },
    );
  }
}
