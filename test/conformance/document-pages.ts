// Pages: complete, without repeats, whatever is written between two of them; and cursors of their own query only.
import { describe, expect, it } from 'vitest';
import { InvalidCursor } from '../../shared/ports/document-store.ts';
import type { DocumentStore, Page, Query } from '../../shared/ports/document-store.ts';
import { createAll, newDocument, readPresent } from './documents.ts';
import type { TestDocument } from './documents.ts';
import { openForTest } from './opened-store.ts';
import type { OpenStore } from './opened-store.ts';

const QUERIES: readonly (readonly [string, Query])[] = [
  ['all by id', { type: 'machine', limit: 7 }],
  ['a group by id', { type: 'machine', groupId: 'g1', limit: 7 }],
  ['a status by id', { type: 'machine', where: [{ field: 'status', is: '=', value: 'on' }], limit: 7 }],
  [
    'a status in a group',
    { type: 'machine', groupId: 'g1', where: [{ field: 'status', is: '=', value: 'on' }], limit: 7 },
  ],
  [
    'a delivery status',
    { type: 'machine', where: [{ field: 'keyDeliveryStatus', is: '=', value: 1 }], limit: 7 },
  ],
  ['a rare match', { type: 'machine', where: [{ field: 'machineId', is: '=', value: 'm0' }], limit: 7 }],
  ['all by due', { type: 'machine', orderBy: 'nextActionOn', limit: 7 }],
  ['a group by due', { type: 'machine', groupId: 'g1', orderBy: 'nextActionOn', limit: 7 }],
  ['all newest', { type: 'machine', orderBy: 'newest', limit: 7 }],
  ['a group newest', { type: 'machine', groupId: 'g1', orderBy: 'newest', limit: 7 }],
];

/** Many ties in every order. */
function fleet(prefix: string, count: number): TestDocument[] {
  return Array.from({ length: count }, (_, index) =>
    newDocument(`g${index % 3}`, `${prefix}${(index * 37) % count}`, {
      status: index % 2 === 0 ? 'on' : 'off',
      keyDeliveryStatus: index % 4,
      machineId: `m${index % 20}`,
      nextActionOn: `2026-01-0${1 + (index % 5)}T00:00:00Z`,
      occurredOn: `2026-01-0${1 + (index % 4)}T00:00:00Z`,
    }),
  );
}

async function walk(
  store: DocumentStore,
  query: Query,
  between: (page: number) => Promise<void> = async () => {},
): Promise<string[]> {
  const shown: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page === 0 || cursor !== null; page += 1) {
    const found: Page = await store.query({ ...query, cursor });
    expect(found.items.length).toBeLessThanOrEqual(query.limit);
    shown.push(...found.items.map(({ document }) => `${document.groupId}/${document.id}`));
    cursor = found.cursor;
    await between(page);
  }
  return shown;
}

export function describePages(open: OpenStore<DocumentStore>): void {
  describe('pages', () => {
    it.each(QUERIES)('of %s show the same as one large page', async (_, query) => {
      const { store } = await openForTest(open);
      await createAll(store, fleet('d', 120));
      const whole = await walk(store, { ...query, limit: 1000 });
      expect(whole.length).toBeGreaterThan(0);
      expect(await walk(store, query)).toEqual(whole);
      expect(await walk(store, { ...query, limit: 1 })).toEqual(whole);
    });

    it.each(QUERIES)('of %s skip and repeat nothing while others write', async (_, query) => {
      const { store } = await openForTest(open);
      const leaving = fleet('c', 60);
      await createAll(store, [...fleet('d', 60), ...leaving]);
      const lasting = (await walk(store, { ...query, limit: 1000 })).filter((each) => each.includes('/d'));

      const shown = await walk(store, query, async (page) => {
        await createAll(
          store,
          [...fleet(`b${page}-`, 9), ...fleet(`e${page}-`, 9)].slice(0, page < 20 ? 18 : 0),
        );
        const gone = leaving.pop();
        if (gone === undefined) return;
        const { version } = await readPresent(store, gone.groupId, gone.id);
        await store.write(gone.groupId, [{ kind: 'delete', id: gone.id, version }]);
      });
      expect(new Set(shown).size).toBe(shown.length);
      expect(shown.filter((each) => each.includes('/d'))).toEqual(lasting);
    });

    it('begin after a document id where that is asked for, there or not', async () => {
      const { store } = await openForTest(open);
      await createAll(
        store,
        ['a', 'b', 'c', 'd'].map((id) => newDocument('g', id)),
      );
      const query: Query = { type: 'machine', groupId: 'g', orderBy: 'id', limit: 2 };
      const idsAfter = async (afterId: string | null): Promise<string[]> =>
        (await store.query({ ...query, afterId })).items.map(({ document }) => document.id);
      expect(await idsAfter(null)).toEqual(['a', 'b']);
      expect(await idsAfter('a')).toEqual(['b', 'c']);
      expect(await idsAfter('b0')).toEqual(['c', 'd']);
      expect(await idsAfter('d')).toEqual([]);
    });

    it('end without a cursor when nothing follows', async () => {
      const { store } = await openForTest(open);
      await createAll(store, [newDocument('g', 'a'), newDocument('g', 'b')]);
      expect((await store.query({ type: 'machine', limit: 2 })).cursor).toBeNull();
      expect((await store.query({ type: 'event', limit: 2 })).cursor).toBeNull();
    });
  });

  describeCursors(open);
}

function describeCursors(open: OpenStore<DocumentStore>): void {
  describe('cursors', () => {
    it('are refused by every query but their own, which may ask for another number', async () => {
      const { store } = await openForTest(open);
      await createAll(store, fleet('d', 120));
      const queries = QUERIES.map(([, query]) => ({ ...query, limit: 2 }));
      const cursors = await Promise.all(queries.map(async (query) => (await store.query(query)).cursor));
      expect(new Set(cursors)).not.toContain(null);
      for (const [owner, cursor] of cursors.entries()) {
        const answers = await Promise.allSettled(
          queries.map((query) => store.query({ ...query, limit: 3, cursor })),
        );
        expect(answers.flatMap(({ status }, asked) => (status === 'fulfilled' ? [asked] : []))).toEqual([
          owner,
        ]);
        const refusals = answers.flatMap((each) =>
          each.status === 'rejected' ? [each.reason as unknown] : [],
        );
        expect(refusals.every((reason) => reason instanceof InvalidCursor)).toBe(true);
      }
    });

    it.each(['', 'x', '!', 'e30', 'bnVsbA', 'WzFd', 'W10'])(
      'that are none, like %j, are refused',
      async (cursor) => {
        const { store } = await openForTest(open);
        await expect(store.query({ type: 'machine', limit: 1, cursor })).rejects.toBeInstanceOf(
          InvalidCursor,
        );
      },
    );
  });
}
