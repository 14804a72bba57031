// A person's calls to the service: where it is, and who they are.
import type { Answer, CallParts } from '../shared/api/client.ts';
import type { OperationId } from '../shared/api/operations.ts';
import type { Clock } from '../shared/ports/clock.ts';
import { composeClient, composeClock, serverAddress } from './compose.ts';
import { signedIn } from './sign-in.ts';
import type { SignInOptions } from './sign-in.ts';
import type { World } from './world.ts';

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

/** @throws Failure `usage` for the address or the scope, `forbidden` when there is no way to sign in. */
export async function peopleSession(world: World, options: SignInOptions): Promise<PeopleSession> {
  const server = serverAddress(options.server, world);
  const client = composeClient(server);
  const token = await signedIn(world, options, server);

  const call: PeopleSession['call'] = async (id, parts) =>
    client.call(id, { ...parts, token: await token() });

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
