// What the suite of all feeds leaves open: several physical partitions, batches beyond a limit, and positions of others.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pause } from '../../shared/adapters/pause.ts';
import type { Changes } from '../../shared/ports/change-feed.ts';
import { StoreUnavailable } from '../../shared/ports/document-store.ts';
import { createAll, newDocument, readPresent } from '../conformance/documents.ts';
import { startFakeCosmos } from './cosmos/fake-cosmos.ts';
import type { FakeCosmos } from './cosmos/fake-cosmos.ts';
import { cosmosFleet, newFakeDatabase } from './cosmos/fleet.ts';
import type { CosmosFleet, CosmosFleetOptions } from './cosmos/fleet.ts';

const GROUPS = Array.from({ length: 9 }, (_, index) => `g${index}`);

let fake: FakeCosmos;
let fleet: CosmosFleet;
beforeAll(async () => {
  fake = await startFakeCosmos({ ranges: 4 });
});
beforeEach(async () => {
  fleet = cosmosFleet(await newFakeDatabase(fake));
});
afterAll(() => fake.close());

async function follow(after: string | null, limit: number): Promise<Changes> {
  const documents = [];
  for (let position = after; ;) {
    const changes = await fleet.feed.changes(position, limit);
    if (changes.documents.length === 0) return { documents, position: changes.position };
    documents.push(...changes.documents);
    position = changes.position;
  }
}

describe('the change feed of several physical partitions', () => {
  it('shows all groups, each in its order, and goes on where it was', async () => {
    for (const id of ['b', 'a', 'c']) {
      for (const groupId of GROUPS) await createAll(fleet.store, [newDocument(groupId, id)]);
    }
    const { documents, position } = await follow(null, 2);
    expect(documents).toHaveLength(27);
    for (const groupId of GROUPS) {
      const ids = documents.filter((each) => each.groupId === groupId).map(({ id }) => id);
      expect(ids).toEqual(['b', 'a', 'c']);
    }

    const { document, version } = await readPresent(fleet.store, 'g4', 'a');
    await fleet.store.write('g4', [
      { kind: 'replace', document: { ...document, name: 'new' } as typeof document, version },
    ]);
    expect((await follow(position, 2)).documents).toEqual([{ ...document, name: 'new' }]);
  });

  it('shows a batch together, though it is more than was asked for', async () => {
    await createAll(
      fleet.store,
      Array.from({ length: 30 }, (_, index) => newDocument('g', `d${index}`)),
    );
    const changes = await fleet.feed.changes(null, 10);
    expect(changes.documents).toHaveLength(30);
    expect((await fleet.feed.changes(changes.position, 10)).documents).toEqual([]);
  });

  it('looks into every partition before it says that nothing is new', async () => {
    const { position } = await fleet.feed.changes(null, 10);
    for (const groupId of GROUPS) {
      await createAll(fleet.store, [newDocument(groupId, 'a')]);
    }
    fake.forget();
    expect((await follow(position, 100)).documents).toHaveLength(GROUPS.length);
    const asked = fake.requests
      .filter(({ kind }) => kind === 'feed')
      .map(({ headers }) => headers['x-ms-documentdb-partitionkeyrangeid']);
    expect(new Set(asked)).toEqual(new Set(['0', '1', '2', '3']));
  });

  it('refuses a position that is of another container', async () => {
    const { position } = await fleet.feed.changes(null, 10);
    const other = cosmosFleet(await newFakeDatabase(fake));
    await expect(other.feed.changes(position, 10)).rejects.toThrow(
      /continuation token is not for the current container/,
    );
  });

  it('keeps checkpoints beside leases, under ids of their own', async () => {
    await fleet.feed.saveCheckpoint('fleet-changes', '7');
    const saved = fake.requests.find(({ kind }) => kind === 'upsert');
    expect(saved).toMatchObject({
      path: expect.stringMatching(/\/colls\/leases\/docs/),
      body: { id: 'keyturn-checkpoint:fleet-changes', position: '7' },
    });
  });
});

describe('a change feed whose next change comes after many empty answers', () => {
  const WRITES = 200;
  let sparse: FakeCosmos;
  let database: CosmosFleetOptions;
  beforeAll(async () => {
    sparse = await startFakeCosmos({ ranges: 1, examinedPerAnswer: 1 });
  });
  beforeEach(async () => {
    database = await newFakeDatabase(sparse);
    const { store } = cosmosFleet(database);
    const document = newDocument('g', 'a');
    let [version] = await store.write('g', [{ kind: 'create', document }]);
    for (let write = 2; write <= WRITES; write += 1) {
      [version] = await store.write('g', [{ kind: 'replace', document, version: version ?? '' }]);
    }
    sparse.forget();
  });
  afterAll(() => sparse.close());

  const asked = () => sparse.requests.filter(({ kind }) => kind === 'feed');

  it('asks no more once its call has taken too long', async () => {
    const { feed } = cosmosFleet({ ...database, callMillisecondsMax: 40 });
    await expect(feed.changes(null, 10)).rejects.toThrow(StoreUnavailable);
    const { length } = asked();
    expect(length).toBeLessThan(WRITES);
    await pause(200);
    expect(asked().length).toBeLessThanOrEqual(length + 1);
  });

  it('goes on in the next call where the one before came to, and shows the change', async () => {
    const { feed } = cosmosFleet({ ...database, callMillisecondsMax: 1500 });
    sparse.faults.next('feed', ...Array.from({ length: 50 }, () => null), { silent: true });
    await expect(feed.changes(null, 10)).rejects.toThrow(StoreUnavailable);
    expect((await feed.changes(null, 10)).documents).toEqual([newDocument('g', 'a')]);
    expect(asked()).toHaveLength(WRITES + 1);
    expect((await feed.changes(null, 10)).documents).toHaveLength(1);
  });

  it('waits anew after each answer, and asks for none of them twice', async () => {
    const { feed } = cosmosFleet({ ...database, waitMillisecondsMax: 20 });
    const throttled = { answer: 429, retryAfterMilliseconds: 15 };
    sparse.faults.next('feed', null, null, throttled, null, throttled, null, throttled);
    expect((await feed.changes(null, 10)).documents).toHaveLength(1);
    expect(asked()).toHaveLength(WRITES + 3);
  });
});
