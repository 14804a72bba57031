// Conditions, orders and counts.
import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import type { Condition, DocumentStore, Query, QueryField } from '../../shared/ports/document-store.ts';
import { createAll, newDocument } from './documents.ts';
import { openForTest } from './opened-store.ts';
import type { OpenStore } from './opened-store.ts';

const VALUES: Readonly<Record<string, unknown>> = {
  a: 'apple',
  b: 'banana',
  c: 'cherry',
  empty: '',
  one: 1,
  nine: 9,
  ten: 10.5,
  null: null,
  yes: true,
  list: ['banana'],
};

export async function idsOf(store: DocumentStore, query: Query): Promise<string[]> {
  return (await store.query(query)).items.map(({ document }) => document.id);
}

export function describeQueries(open: OpenStore<DocumentStore>): void {
  describe('conditions', () => {
    it.each([
      ['=', 'banana', ['b']],
      ['!=', 'banana', ['a', 'c', 'empty']],
      ['<', 'banana', ['a', 'empty']],
      ['<=', 'banana', ['a', 'b', 'empty']],
      ['>', 'banana', ['c']],
      ['>=', 'banana', ['b', 'c']],
      ['=', 9, ['nine']],
      ['!=', 9, ['one', 'ten']],
      ['<', 9, ['one']],
      ['<=', 9, ['nine', 'one']],
      ['>', 9, ['ten']],
      ['>=', 9, ['nine', 'ten']],
      ['=', 'null', []],
      ['=', '9', []],
      ['!=', '', ['a', 'b', 'c']],
    ] as const)(
      '%s %j matches what has a field of that kind, and nothing without one',
      async (is, value, ids) => {
        const { store } = await openForTest(open);
        const fields: QueryField[] = ['status', 'keyDeliveryStatus', 'agentVersion', 'machineId'];
        const documents = Object.entries(VALUES).map(([id, each]) =>
          newDocument('g', id, Object.fromEntries(fields.map((field) => [field, each]))),
        );
        await createAll(store, [...documents, newDocument('g', 'missing')]);
        for (const field of fields) {
          const where = [{ field, is, value }];
          expect(await idsOf(store, { type: 'machine', where, limit: 100 })).toEqual(ids);
          expect(await idsOf(store, { type: 'machine', groupId: 'g', where, limit: 100 })).toEqual(ids);
        }
      },
    );

    it('must all hold, and see the latest version alone', async () => {
      const { store } = await openForTest(open);
      await createAll(store, [
        newDocument('g', 'a', { keyDeliveryStatus: 'Default', lastHeartbeatDate: '2026-01-01T00:00:00Z' }),
        newDocument('g', 'b', { keyDeliveryStatus: 'Default', lastHeartbeatDate: '2026-01-03T00:00:00Z' }),
        newDocument('g', 'c', { keyDeliveryStatus: 'KeyExpired', lastHeartbeatDate: '2026-01-01T00:00:00Z' }),
        newDocument(
          'g',
          'd',
          { keyDeliveryStatus: 'Default', lastHeartbeatDate: '2026-01-01T00:00:00Z' },
          'event',
        ),
      ]);
      const where: Condition[] = [
        { field: 'keyDeliveryStatus', is: '=', value: 'Default' },
        { field: 'lastHeartbeatDate', is: '<', value: '2026-01-02T00:00:00Z' },
      ];
      expect(await idsOf(store, { type: 'machine', groupId: 'g', where, limit: 10 })).toEqual(['a']);

      const stored = await store.read('g', 'a');
      const document = newDocument('g', 'a', { keyDeliveryStatus: 'PendingNewKey' });
      await store.write('g', [{ kind: 'replace', document, version: stored?.version ?? '' }]);
      expect(await idsOf(store, { type: 'machine', groupId: 'g', where, limit: 10 })).toEqual([]);
      const pending: Condition = { field: 'keyDeliveryStatus', is: '=', value: 'PendingNewKey' };
      expect(await idsOf(store, { type: 'machine', where: [pending], limit: 10 })).toEqual(['a']);
    });

    it.each([
      ['no limit', { limit: 0 }],
      ['a limit too large', { limit: 1001 }],
      ['half a document', { limit: 1.5 }],
      ['a field that is not indexed', { where: [{ field: 'name', is: '=', value: 'x' }] }],
      ['an unknown operator', { where: [{ field: 'status', is: 'LIKE', value: 'x' }] }],
      ['a comparison with null', { where: [{ field: 'status', is: '=', value: null }] }],
      ['afterId over all groups', { afterId: 'a' }],
      ['afterId in another order', { afterId: 'a', groupId: 'g', orderBy: 'newest' }],
      ['afterId beside a cursor', { afterId: 'a', groupId: 'g', cursor: 'x' }],
    ])('refuses %s as a mistake', async (_, part) => {
      const { store } = await openForTest(open);
      const query = { type: 'machine', limit: 10, ...part } as Query;
      await expect(store.query(query)).rejects.toBeInstanceOf(AssertionError);
    });
  });

  describeOrders(open);
  describeCounts(open);
}

function describeOrders(open: OpenStore<DocumentStore>): void {
  describe('orders', () => {
    const documents = [
      newDocument('g2', 'b', { nextActionOn: '2026-01-02T00:00:00Z', occurredOn: '2026-01-01T00:00:00Z' }),
      newDocument('g1', 'c', { nextActionOn: '2026-01-02T00:00:00Z', occurredOn: '2026-01-03T00:00:00Z' }),
      newDocument('g1', 'a', { nextActionOn: '2026-01-02T00:00:00Z', occurredOn: '2026-01-01T00:00:00Z' }),
      newDocument('g10', 'd', { nextActionOn: '2026-01-01T00:00:00Z', occurredOn: '2026-01-03T00:00:00Z' }),
      newDocument('g1', 'none', { nextActionOn: null }),
      newDocument('g1', 'B'),
    ];

    it.each([
      ['by group id, then id', {}, ['B', 'a', 'c', 'none', 'd', 'b']],
      ['by id within a group', { groupId: 'g1' }, ['B', 'a', 'c', 'none']],
      ['by what is due soonest, ties by group id and id', { orderBy: 'nextActionOn' }, ['d', 'a', 'c', 'b']],
      ['by what is due soonest in a group', { orderBy: 'nextActionOn', groupId: 'g1' }, ['a', 'c']],
      ['newest first, ties by id', { orderBy: 'newest' }, ['d', 'c', 'b', 'a']],
      ['newest first in a group', { orderBy: 'newest', groupId: 'g1' }, ['c', 'a']],
    ] as const)('shows documents %s, without those that lack the field', async (_, part, ids) => {
      const { store } = await openForTest(open);
      await createAll(store, documents);
      expect(await idsOf(store, { type: 'machine', limit: 100, ...part })).toEqual(ids);
      expect(await idsOf(store, { type: 'event', limit: 100, ...part })).toEqual([]);
    });

    it('shows what is due by now alone', async () => {
      const { store } = await openForTest(open);
      await createAll(store, documents);
      const where: Condition[] = [{ field: 'nextActionOn', is: '<=', value: '2026-01-01T00:00:00Z' }];
      expect(await idsOf(store, { type: 'machine', where, orderBy: 'nextActionOn', limit: 100 })).toEqual([
        'd',
      ]);
    });
  });
}

function describeCounts(open: OpenStore<DocumentStore>): void {
  describe('counts', () => {
    it('counts each value among the documents of a type in a group, without those that have none', async () => {
      const { store } = await openForTest(open);
      await createAll(store, [
        newDocument('g', 'a', { keyDeliveryStatus: 'Default', membership: 'member' }),
        newDocument('g', 'b', { keyDeliveryStatus: 'Default', membership: 'joining' }),
        newDocument('g', 'c', { keyDeliveryStatus: 'KeyExpired' }),
        newDocument('g', 'd', { keyDeliveryStatus: 3 }),
        newDocument('g', 'e', { keyDeliveryStatus: null }),
        newDocument('g', 'f', { keyDeliveryStatus: 'Default' }, 'event'),
        newDocument('other', 'g', { keyDeliveryStatus: 'Default' }),
      ]);
      const byDelivery = await store.countBy('g', 'machine', 'keyDeliveryStatus');
      expect(byDelivery).toEqual(
        new Map([
          ['Default', 2],
          ['KeyExpired', 1],
          ['3', 1],
        ]),
      );
      expect(await store.countBy('g', 'machine', 'membership')).toEqual(
        new Map([
          ['member', 1],
          ['joining', 1],
        ]),
      );
      expect(await store.countBy('nowhere', 'machine', 'membership')).toEqual(new Map());
      expect((await store.countBy(null, 'machine', 'keyDeliveryStatus')).get('Default')).toBe(3);
      expect((await store.countBy(null, 'event', 'keyDeliveryStatus')).get('Default')).toBe(1);
    });
  });
}
