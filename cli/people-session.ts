// A person's calls to the service: where it is, and who they are.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Answer, CallParts } from '../shared/api/client.ts';
import type { OperationId } from '../shared/api/operations.ts';
import type { Clock } from '../shared/ports/clock.ts';
import { composeClient, composeClock, serverAddress } from './compose.ts';
import { Failure } from './failure.ts';
import type { World } from './world.ts';

export interface SignInOptions {
  readonly server?: string;
  readonly signInToken?: string;
  readonly data?: string;
}

export interface PeopleSession {
  readonly server: string;
  readonly clock: Clock;
  call<Id extends OperationId>(id: Id, parts: CallParts<Id>): Promise<Answer<Id>>;
  /** All items of a list, page by page, or the first `limit`. */
  list<Id extends ListId>(id: Id, parts: CallParts<Id>, limit?: number): Promise<Item<Id>[]>;
}

type ListId = 'listGroups' | 'listMachines' | 'listGroupMachines' | 'listEvents' | 'listGroupEvents';
type Item<Id extends ListId> = Answer<Id>['items'][number];

const PAGE = 500;

/** @throws Failure `usage` for the address, `forbidden` when there is no token. */
export async function peopleSession(world: World, options: SignInOptions): Promise<PeopleSession> {
  const server = serverAddress(options.server, world);
  const client = composeClient(server);
  const token = await signInToken(world, options);

  const call: PeopleSession['call'] = (id, parts) => client.call(id, { ...parts, token });

  return {
    server,
    clock: await composeClock(world),
    call,
    async list<Id extends ListId>(id: Id, parts: CallParts<Id>, limit = Infinity) {
      const items: Item<Id>[] = [];
      let cursor: string | null = null;
      do {
        const query = {
          ...parts.query,
          limit: Math.min(PAGE, limit - items.length),
          ...(cursor !== null && { cursor }),
        };
        const page: { items: Item<Id>[]; cursor: string | null } = await call(id, {
          ...parts,
          query,
        } as CallParts<Id>);
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null && items.length < limit);
      return items;
    },
  };
}

async function signInToken({ env, cwd }: World, options: SignInOptions): Promise<string> {
  const given = options.signInToken ?? env.KEYTURN_TOKEN;
  if (given) return given.trim();
  const path = join(resolve(cwd, options.data ?? env.KEYTURN_DATA ?? '.keyturn'), 'token');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new Failure(
      'forbidden',
      `Not signed in: neither --sign-in-token nor KEYTURN_TOKEN is given, and ${path} cannot be read`,
      'npm start runs a service here, and makes that file. Run this beside its data folder, or give that with --data.',
      { cause },
    );
  }
}
