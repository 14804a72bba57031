// What the store asks of Cosmos DB, and what it is told that this cost.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CosmosOperation } from '../../shared/adapters/cosmos-calls.ts';
import type { DocumentStore, DocumentType, Page, Query } from '../../shared/ports/document-store.ts';
import { createAll, newDocument, readPresent } from '../conformance/documents.ts';
import { startFakeCosmos } from './cosmos/fake-cosmos.ts';
import type { FakeCosmos } from './cosmos/fake-cosmos.ts';
import { OPERATION_CHARGE } from './cosmos/fake-container.ts';
import { QUERY_CHARGE, READ_CHARGE } from './cosmos/fake-documents.ts';
import { cosmosFleet, newFakeDatabase } from './cosmos/fleet.ts';
import type { CosmosFleet } from './cosmos/fleet.ts';

const RANGES = 3;
const GROUPS = Array.from({ length: 12 }, (_, index) => `g${index}`);
const PARTITION_KEY = 'x-ms-documentdb-partitionkey';
const RANGE_ID = 'x-ms-documentdb-partitionkeyrangeid';

let fake: FakeCosmos;
let fleet: CosmosFleet;
let charges: (readonly [CosmosOperation, number])[] = [];
beforeAll(async () => {
  fake = await startFakeCosmos({ ranges: RANGES, examinedPerAnswer: 10 });
});
beforeEach(async () => {
  const database = await newFakeDatabase(fake);
  fleet = cosmosFleet({ ...database, onCharge: (...charge) => charges.push(charge) });
  await createAll(
    fleet.store,
    GROUPS.flatMap((groupId) =>
      Array.from({ length: 25 }, (_, index) =>
        newDocument(groupId, `d${String(index).padStart(2, '0')}`, {
          status: index === 24 ? 'last' : 'other',
          nextActionOn: `2026-01-${10 + index}T00:00:00Z`,
        }),
      ),
    ),
  );
  fake.forget();
  charges = [];
});
afterAll(() => fake.close());

const queries = () => fake.requests.filter(({ kind }) => kind === 'query');
const spent = (operation: CosmosOperation): number =>
  charges.filter(([of]) => of === operation).reduce((sum, [, units]) => sum + units, 0);

describe('requests', () => {
  it('a read is one point read, with the session of what was written', async () => {
    await readPresent(fleet.store, 'g1', 'd00');
    expect(fake.requests.map(({ kind }) => kind)).toEqual(['read']);
    expect(fake.requests[0]?.headers).toMatchObject({
      [PARTITION_KEY]: '["g1"]',
      'x-ms-consistency-level': 'Session',
      'x-ms-session-token': expect.stringMatching(/^\d:1#\d/),
    });
  });

  it('a read of what cannot be there asks nothing', async () => {
    expect(await fleet.store.read('g1', '..')).toBeNull();
    expect(fake.requests).toEqual([]);
  });

  it('a write is one batch, whose answer leaves the documents out', async () => {
    const { document, version } = await readPresent(fleet.store, 'g1', 'd00');
    fake.forget();
    await fleet.store.write('g1', [{ kind: 'replace', document, version }]);
    expect(fake.requests.map(({ kind }) => kind)).toEqual(['batch']);
    expect(fake.requests[0]?.headers).toMatchObject({
      [PARTITION_KEY]: '["g1"]',
      'x-ms-cosmos-batch-atomic': 'true',
      prefer: 'return=minimal',
    });
  });

  it.each<[string, Partial<Query>]>([
    ['by id', {}],
    ['by what is due', { orderBy: 'nextActionOn' }],
    ['of one status', { where: [{ field: 'status', is: '=', value: 'last' }] }],
  ])('a query of a group %s goes to its partition alone', async (_, part) => {
    const { items } = await fleet.store.query({ type: 'machine', groupId: 'g1', limit: 10, ...part });
    expect(items.length).toBeGreaterThan(0);
    for (const { headers } of queries()) {
      expect(headers[PARTITION_KEY]).toBe('["g1"]');
      expect(headers[RANGE_ID]).toBeUndefined();
    }
  });

  it('a count in a group goes to its partition alone, and puts partial counts together', async () => {
    const counts = await fleet.store.countBy('g1', 'machine', 'status');
    expect(counts).toEqual(
      new Map([
        ['other', 24],
        ['last', 1],
      ]),
    );
    expect(queries()).toHaveLength(3);
    for (const { headers } of queries()) expect(headers[PARTITION_KEY]).toBe('["g1"]');
  });

  it('follows answers that are empty until the page is full, or nothing is left', async () => {
    const where = [{ field: 'status', is: '=', value: 'last' }] as const;
    const { items, cursor } = await fleet.store.query({ type: 'machine', groupId: 'g1', where, limit: 10 });
    expect(items.map(({ document }) => document.id)).toEqual(['d24']);
    expect(cursor).toBeNull();
    const [first, ...later] = queries().map(({ headers }) => headers['x-ms-continuation']);
    expect(first).toBeUndefined();
    expect(later).toHaveLength(2);
    expect(new Set(later)).not.toContain(undefined);
  });

  it('a query over all groups asks every partition, never all at once, and merges in order', async () => {
    const { items } = await fleet.store.query({ type: 'machine', orderBy: 'nextActionOn', limit: 30 });
    const keys = items.map(({ document }) => {
      const { nextActionOn, groupId } = document as unknown as Record<string, string>;
      return `${nextActionOn} ${groupId}`;
    });
    const expected = ['10', '11', '12'].flatMap((day) =>
      GROUPS.toSorted().map((groupId) => `2026-01-${day}T00:00:00Z ${groupId}`),
    );
    expect(keys).toEqual(expected.slice(0, 30));
    expect(new Set(queries().map(({ headers }) => headers[RANGE_ID]))).toEqual(new Set(['0', '1', '2']));
  });

  it('a count over all groups is one for each value', async () => {
    expect(await fleet.store.countBy(null, 'machine', 'status')).toEqual(
      new Map([
        ['other', 24 * GROUPS.length],
        ['last', GROUPS.length],
      ]),
    );
  });

  it('shows nothing of what Cosmos DB adds to a document', async () => {
    const expected = ['status', 'nextActionOn', 'type', 'id', 'groupId'];
    const { document } = await readPresent(fleet.store, 'g1', 'd00');
    const [found] = (await fleet.store.query({ type: 'machine', groupId: 'g1', limit: 1 })).items;
    const [changed] = (await fleet.feed.changes(null, 1)).documents;
    for (const each of [document, found?.document, changed]) {
      expect(Object.keys(each ?? {}).toSorted()).toEqual(expected.toSorted());
    }
  });
});

describe('pages over all groups', () => {
  const PAGE = 40;
  let wide: FakeCosmos;
  let store: DocumentStore;
  beforeAll(async () => {
    wide = await startFakeCosmos({ ranges: 8 });
  });
  beforeEach(async () => {
    ({ store } = cosmosFleet(await newFakeDatabase(wide)));
  });
  afterAll(() => wide.close());

  async function idsInPages(type: DocumentType): Promise<string[]> {
    const ids: string[] = [];
    wide.forget();
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: Page = await store.query({ type, limit: PAGE, cursor: cursor ?? null });
      ids.push(...page.items.map(({ document }) => document.id));
      ({ cursor } = page);
    }
    return ids;
  }

  it('are sent about twice what they show, of however many partitions', async () => {
    const groups = Array.from({ length: 600 }, (_, index) =>
      newDocument(`g${1000 + index}`, `g${1000 + index}`, {}, 'group'),
    );
    await createAll(store, groups);
    expect(await idsInPages('group')).toEqual(groups.map(({ id }) => id));
    expect(wide.documentsSent).toBeLessThan(2.5 * groups.length);
  });

  it('go on in the partition that has it all, and are sent no more than they show and one', async () => {
    const machines = Array.from({ length: 100 }, (_, index) => newDocument('g', `d${100 + index}`));
    await createAll(store, machines);
    expect(await idsInPages('machine')).toEqual(machines.map(({ id }) => id));
    expect(wide.documentsSent).toBe(PAGE + 1 + (PAGE + 1) + 20);
  });
});

describe('charges', () => {
  it('are told of each operation', async () => {
    const { document, version } = await readPresent(fleet.store, 'g1', 'd00');
    expect(charges).toEqual([['read', READ_CHARGE]]);
    await fleet.store.write('g1', [{ kind: 'replace', document, version }]);
    expect(charges.at(-1)).toEqual(['write', OPERATION_CHARGE]);
    await fleet.store.query({ type: 'machine', groupId: 'g1', limit: 5 });
    expect(spent('query')).toBeCloseTo(QUERY_CHARGE);
    await fleet.store.countBy('g1', 'machine', 'status');
    expect(spent('count')).toBeCloseTo(3 * QUERY_CHARGE);
  });

  it('are those of all partitions that were asked', async () => {
    await fleet.store.query({ type: 'machine', limit: 3 });
    expect(spent('query')).toBeCloseTo(RANGES * QUERY_CHARGE);
  });

  it('are told of what finds nothing, conflicts and is refused, too', async () => {
    await fleet.store.read('g1', 'nothing');
    expect(spent('read')).toBe(READ_CHARGE);
    const conflict = fleet.store.write('g1', [{ kind: 'create', document: newDocument('g1', 'd00') }]);
    await expect(conflict).rejects.toMatchObject({ reason: 'exists' });
    expect(spent('write')).toBe(1);
    fake.faults.next('read', { answer: 429, retryAfterMilliseconds: 1, requestCharge: 0.38 });
    await readPresent(fleet.store, 'g1', 'd00');
    expect(spent('read')).toBeCloseTo(2 * READ_CHARGE + 0.38);
  });
});
