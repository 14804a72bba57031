// The container's change feed, as the embedded host reads it where documents are in Cosmos DB: pulled, over all physical
// partitions, each group's changes in order. In Azure the Functions host reads the same feed with leases of its own; both
// remember how far they came in the container `leases`.
import assert from 'node:assert/strict';
import { ChangeFeedStartFrom } from '@azure/cosmos';
import type { CosmosClient } from '@azure/cosmos';
import type { ChangeFeed } from '../ports/change-feed.ts';
import type { Checkpoints } from '../ports/checkpoints.ts';
import { CosmosCalls } from './cosmos-calls.ts';
import type { CosmosCallOptions } from './cosmos-calls.ts';
import { FLEET_CONTAINER, LEASES_CONTAINER } from './cosmos-container.ts';
import { toDocument } from './cosmos-document.ts';
import type { CosmosResource } from './cosmos-document.ts';

export interface CosmosChangeFeedOptions extends CosmosCallOptions {
  readonly client: CosmosClient;
  readonly database: string;
}

interface Checkpoint {
  readonly id: string;
  readonly position: string;
}

const NOT_MODIFIED = 304;
/** What else is in the container has ids of the Functions host's making, none with this. */
const CHECKPOINT_PREFIX = 'keyturn-checkpoint:';

export function cosmosChangeFeed(options: CosmosChangeFeedOptions): ChangeFeed & Checkpoints {
  const database = options.client.database(options.database);
  const fleet = database.container(FLEET_CONTAINER.id);
  const leases = database.container(LEASES_CONTAINER.id);
  const calls = new CosmosCalls(options);
  /** How far all was empty after a position: what takes longer than one call goes on in the next. */
  const looked = new Map<string | null, string>();

  /** Who asks from where a look ended needs no more to know where it began. */
  function forgetLooksTo(position: string | null): void {
    for (const [from, to] of looked) if (to === position) looked.delete(from);
  }

  return {
    async changes(after, limit) {
      assert(Number.isInteger(limit) && limit >= 1, `not a number of changes: ${limit}`);
      forgetLooksTo(after);
      const response = await calls.run('query', async ({ abortSignal, charge, progressed }) => {
        const start = looked.get(after) ?? after;
        const iterator = fleet.items.getChangeFeedIterator<CosmosResource>({
          maxItemCount: limit,
          changeFeedStartFrom:
            start === null ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(start),
        });
        for (;;) {
          // The library takes no signal here.
          abortSignal.throwIfAborted();
          // Asks one partition after the other until one has something new.
          const changes = await iterator.readNext();
          charge(changes.requestCharge ?? 0);
          if (changes.count > 0) {
            looked.delete(after);
            return changes;
          }
          looked.set(after, changes.continuationToken);
          progressed();
          // An answer may be empty and still not say that there is nothing.
          if (changes.statusCode === NOT_MODIFIED) return changes;
        }
      });
      const documents = response.result ?? [];
      return { documents: documents.map((each) => toDocument(each)), position: response.continuationToken };
    },

    async checkpoint(consumer) {
      const id = CHECKPOINT_PREFIX + consumer;
      const { resource } = await calls.run('read', ({ abortSignal }) =>
        leases.item(id, id).read<Checkpoint>({ abortSignal }),
      );
      return resource?.position ?? null;
    },

    async saveCheckpoint(consumer, position) {
      const checkpoint: Checkpoint = { id: CHECKPOINT_PREFIX + consumer, position };
      await calls.run('write', ({ abortSignal }) => leases.items.upsert(checkpoint, { abortSignal }));
    },
  };
}
