// What the store makes of each answer that is no success, and of those that never come.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StoreThrottled, StoreUnavailable, WriteConflict } from '../../shared/ports/document-store.ts';
import type { WriteOperation } from '../../shared/ports/document-store.ts';
import { createAll, newDocument, readPresent } from '../conformance/documents.ts';
import { startFakeCosmos } from './cosmos/fake-cosmos.ts';
import type { FakeCosmos } from './cosmos/fake-cosmos.ts';
import type { Fault, RequestKind } from './cosmos/fake-faults.ts';
import { cosmosFleet, newFakeDatabase } from './cosmos/fleet.ts';
import type { CosmosFleet, CosmosFleetOptions } from './cosmos/fleet.ts';

let fake: FakeCosmos;
let database: CosmosFleetOptions;
let fleet: CosmosFleet;
beforeAll(async () => {
  fake = await startFakeCosmos({ examinedPerAnswer: 10 });
});
beforeEach(async () => {
  database = await newFakeDatabase(fake);
  fleet = cosmosFleet({ ...database, callMillisecondsMax: 1500, waitMillisecondsMax: 100 });
});
afterAll(() => fake.close());

const creation: readonly WriteOperation[] = [
  { kind: 'create', document: newDocument('g', 'a') },
  { kind: 'create', document: newDocument('g', 'b') },
];

const count = (kind: RequestKind): number => fake.requests.filter((each) => each.kind === kind).length;

function repeated<T>(times: number, fault: T): T[] {
  return Array.from({ length: times }, () => fault);
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe('a write', () => {
  it.each<[string, Fault]>([
    ['is refused for the moment', { answer: 503 }],
    ['takes the server too long', { answer: 408 }],
    ['fails within the server', { answer: 500 }],
    ['meets a partition that moves', { answer: 410, substatus: 1008 }],
    ['meets an account that moves', { answer: 403, substatus: 3 }],
    ['is answered by something on the way', { answer: 502, text: '<html>Bad gateway</html>' }],
    ['is answered with nothing', { answer: 503, text: '' }],
    ['loses its connection before it is done', { breaks: 'before' }],
  ])('that %s may have been done: it is told, and not sent again', async (_, fault) => {
    fake.faults.next('batch', fault);
    expect(await failureOf(fleet.store.write('g', creation))).toBeInstanceOf(StoreUnavailable);
    expect(count('batch')).toBe(1);
    expect(await fleet.store.read('g', 'a')).toBeNull();
    expect(await fleet.store.write('g', creation)).toHaveLength(2);
  });

  it.each<[string, Fault]>([
    ['whose answer is lost', { breaks: 'after' }],
    ['whose answer breaks off', { breaks: 'within' }],
    ['that is not answered in time', { silent: true }],
  ])('%s is told as unknown, is there when read again, and conflicts when repeated', async (_, fault) => {
    fake.faults.next('batch', fault);
    expect(await failureOf(fleet.store.write('g', creation))).toBeInstanceOf(StoreUnavailable);
    expect(count('batch')).toBe(1);
    await readPresent(fleet.store, 'g', 'b');
    const repeat = await failureOf(fleet.store.write('g', creation));
    expect(repeat).toBeInstanceOf(WriteConflict);
    expect(repeat).toMatchObject({ operation: 0, reason: 'exists' });
  });

  it.each([
    ['too large', 413],
    ['not allowed', 403],
    ['not understood', 400],
    ['to no container', 404],
  ])('that is %s fails with what Cosmos DB says', async (_, answer) => {
    fake.faults.next('batch', { answer });
    expect(await failureOf(fleet.store.write('g', creation))).toMatchObject({ code: answer });
    expect(count('batch')).toBe(1);
  });

  it.each<[string, Fault]>([
    ['as a whole', { answer: 429, retryAfterMilliseconds: 40 }],
    ['for one of its operations', { operation: 1, status: 429, retryAfterMilliseconds: 40 }],
  ])('that is throttled %s waits as long as it is told, then is done', async (_, fault) => {
    fake.faults.next('batch', fault, fault);
    const start = performance.now();
    expect(await fleet.store.write('g', creation)).toHaveLength(2);
    expect(performance.now() - start).toBeGreaterThanOrEqual(80);
    expect(count('batch')).toBe(3);
  });

  it.each([
    [60_000, 60],
    [1001, 2],
    [200, 1],
  ])(
    'that would have to wait %d ms is told to come back in %d s',
    async (retryAfterMilliseconds, seconds) => {
      fake.faults.next('batch', { answer: 429, retryAfterMilliseconds });
      const failure = await failureOf(fleet.store.write('g', creation));
      expect(failure).toBeInstanceOf(StoreThrottled);
      expect(failure).toMatchObject({ afterSeconds: seconds });
      expect(count('batch')).toBe(1);
      expect(await fleet.store.read('g', 'a')).toBeNull();
    },
  );

  it('waits no longer in all than it may', async () => {
    fake.faults.next('batch', ...repeated(3, { answer: 429, retryAfterMilliseconds: 40 }));
    expect(await failureOf(fleet.store.write('g', creation))).toBeInstanceOf(StoreThrottled);
    expect(count('batch')).toBe(3);
  });

  it.each<[string, Fault]>([
    ['as a whole', { answer: 449, retryAfterMilliseconds: 1 }],
    ['for one of its operations', { operation: 0, status: 449, retryAfterMilliseconds: 1 }],
  ])('that was in the way of another %s is tried again, some times', async (_, fault) => {
    fake.faults.next('batch', ...repeated(5, fault));
    expect(await fleet.store.write('g', creation)).toHaveLength(2);
    expect(count('batch')).toBe(6);

    fake.forget();
    fake.faults.next('batch', ...repeated(6, fault));
    const other: WriteOperation = { kind: 'create', document: newDocument('g', 'c') };
    expect(await failureOf(fleet.store.write('g', [other]))).toBeInstanceOf(StoreThrottled);
    expect(count('batch')).toBe(6);
  });
});

describe('a read', () => {
  beforeEach(() => createAll(fleet.store, [newDocument('g', 'a')]));

  it('waits when it is throttled', async () => {
    fake.faults.next('read', { answer: 429, retryAfterMilliseconds: 10 });
    await readPresent(fleet.store, 'g', 'a');
    expect(count('read')).toBe(2);
  });

  it('is made again when its connection breaks', async () => {
    fake.faults.next('read', { breaks: 'after' });
    await readPresent(fleet.store, 'g', 'a');
    expect(count('read')).toBe(2);
  });

  it('never takes a replica that is behind for there being none, and keeps to its session', async () => {
    fake.faults.next('read', ...repeated(2, { answer: 404, substatus: 1002 }));
    await readPresent(fleet.store, 'g', 'a');
    const tokens = fake.requests
      .filter(({ kind }) => kind === 'read')
      .map(({ headers }) => headers['x-ms-session-token']);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens)).not.toContain(undefined);

    fake.faults.next('read', ...repeated(6, { answer: 404, substatus: 1002, retryAfterMilliseconds: 1 }));
    expect(await failureOf(fleet.store.read('g', 'a'))).toBeInstanceOf(StoreUnavailable);
  });

  it('of a container that is not there fails with what Cosmos DB says', async () => {
    fake.faults.next('read', { answer: 404, substatus: 1003 });
    expect(await failureOf(fleet.store.read('g', 'a'))).toMatchObject({ code: 404 });
  });

  it('ends in time when nobody answers', async () => {
    fake.faults.next('read', { silent: true });
    expect(await failureOf(fleet.store.read('g', 'a'))).toBeInstanceOf(StoreUnavailable);
    expect(count('read')).toBe(1);
  });

  it('of an account that cannot be reached fails at once', async () => {
    const gone = await startFakeCosmos();
    const { store } = cosmosFleet(await newFakeDatabase(gone));
    await gone.close();
    expect(await failureOf(store.read('g', 'a'))).toBeInstanceOf(StoreUnavailable);
  });
});

describe('a query', () => {
  const documents = Array.from({ length: 90 }, (_, index) =>
    newDocument(`g${index % 5}`, `d${String(index).padStart(2, '0')}`, { keyDeliveryStatus: 'Default' }),
  );
  beforeEach(() => createAll(fleet.store, documents));

  it.each([undefined, 'g1'])(
    'that is throttled half-way goes on after what it has, of group %s',
    async (groupId) => {
      const query = { type: 'machine', limit: 100, ...(groupId !== undefined && { groupId }) } as const;
      const whole = await fleet.store.query(query);
      fake.forget();
      fake.faults.next('query', null, { answer: 429, retryAfterMilliseconds: 5 });
      expect(await fleet.store.query(query)).toEqual(whole);
      expect(count('query')).toBeGreaterThan(2);
    },
  );

  it('is told when to come back, and that it was not answered', async () => {
    fake.faults.next('query', { answer: 429, retryAfterMilliseconds: 7000 });
    const query = { type: 'machine', groupId: 'g1', limit: 10 } as const;
    expect(await failureOf(fleet.store.query(query))).toMatchObject({
      name: 'StoreThrottled',
      afterSeconds: 7,
    });
    fake.faults.next('query', { answer: 503 });
    expect(await failureOf(fleet.store.query(query))).toBeInstanceOf(StoreUnavailable);
  });
});

const countAll = () => fleet.store.countBy(null, 'machine', 'keyDeliveryStatus');

describe('a count', () => {
  const throttled: Fault = { answer: 429, retryAfterMilliseconds: 40 };
  const counts = new Map([['Default', 90]]);
  const documents = Array.from({ length: 90 }, (_, index) =>
    newDocument('g', `d${index}`, { keyDeliveryStatus: 'Default' }),
  );
  /** One for each ten documents, and one of each partition that has none. */
  const answers = 9 + 2;
  beforeEach(() => createAll(fleet.store, documents));

  it('that is throttled goes on after the answers it has: each is paid for once', async () => {
    fake.faults.next('query', ...repeated(5, null), throttled, null, throttled, throttled);
    expect(await countAll()).toEqual(counts);
    expect(count('query')).toBe(answers + 3);
  });

  it('is made however often it has to wait, as long as it comes further in between', async () => {
    fake.faults.next('query', ...repeated(8, [null, throttled]).flat());
    expect(await fleet.store.countBy('g', 'machine', 'keyDeliveryStatus')).toEqual(counts);
    expect(count('query')).toBe(9 + 8);
  });

  it('that comes no further is told to come back', async () => {
    fake.faults.next('query', null, null, ...repeated(20, throttled));
    expect(await failureOf(countAll())).toBeInstanceOf(StoreThrottled);
  });

  it.each<[string, Fault]>([
    ['is lost', { breaks: 'after' }],
    ['never was', { breaks: 'before' }],
  ])('whose answer %s asks for the same one again', async (_, fault) => {
    fake.faults.next('query', ...repeated(4, null), fault);
    expect(await countAll()).toEqual(counts);
    const asked = fake.requests
      .filter(({ kind }) => kind === 'query')
      .map(({ headers }) =>
        JSON.stringify([headers['x-ms-documentdb-partitionkeyrangeid'], headers['x-ms-continuation']]),
      );
    expect(asked).toHaveLength(answers + 1);
    expect(new Set(asked).size).toBe(answers);
  });

  it('over all groups has the time of a timer, in a group that of a call', async () => {
    const hasty = cosmosFleet({ ...database, callMillisecondsMax: 30 });
    fake.faults.next('query', throttled);
    expect(await hasty.store.countBy(null, 'machine', 'keyDeliveryStatus')).toEqual(counts);
    fake.faults.next('query', throttled);
    const ofGroup = hasty.store.countBy('g', 'machine', 'keyDeliveryStatus');
    expect(await failureOf(ofGroup)).toBeInstanceOf(StoreUnavailable);
  });
});

describe('the change feed', () => {
  beforeEach(() => createAll(fleet.store, [newDocument('g', 'a')]));

  it('waits when it is throttled, and misses nothing', async () => {
    const throttled: Fault = { answer: 429, retryAfterMilliseconds: 5 };
    fake.faults.next('feed', throttled, null, throttled);
    const { documents } = await fleet.feed.changes(null, 10);
    expect(documents).toEqual([newDocument('g', 'a')]);
  });

  it('says so when it is not answered', async () => {
    fake.faults.next('feed', { answer: 503 });
    expect(await failureOf(fleet.feed.changes(null, 10))).toBeInstanceOf(StoreUnavailable);
    fake.faults.next('upsert', { breaks: 'after' });
    expect(await failureOf(fleet.feed.saveCheckpoint('feed', '7'))).toBeInstanceOf(StoreUnavailable);
    expect(await fleet.feed.checkpoint('feed')).toBe('7');
  });
});
