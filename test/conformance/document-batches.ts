// Reads and batches: atomicity, versions, conflicts, bounds, races, and the end.
import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import {
  BATCH_BYTES_MAX,
  BATCH_OPERATIONS_MAX,
  StoreUnavailable,
  WriteConflict,
} from '../../shared/ports/document-store.ts';
import type { DocumentStore, WriteOperation } from '../../shared/ports/document-store.ts';
import { createAll, newDocument, readPresent } from './documents.ts';
import type { TestDocument } from './documents.ts';
import { openForTest, reopenOrSkip, skipGap } from './opened-store.ts';
import type { OpenedStore, OpenStore } from './opened-store.ts';

export function describeBatches(open: OpenStore<DocumentStore>): void {
  describe('reads and batches', () => {
    it('reads what was written, and null where nothing is', async () => {
      const { store } = await openForTest(open);
      const document = newDocument('g', 'machine:1', {
        name: 'Zoë 🔑 "\\"\u0000',
        nested: { list: [1, null, true] },
      });
      const [version] = await store.write('g', [{ kind: 'create', document }]);
      expect(await store.read('g', 'machine:1')).toEqual({ document, version });
      expect(await store.read('g', 'machine:2')).toBeNull();
      expect(await store.read('other', 'machine:1')).toBeNull();
      for (const id of ["no id at all'; --", '..', '.', '', 'machine/1']) {
        expect(await store.read('g', id)).toBeNull();
      }
    });

    it('shares no object with its callers', async () => {
      const { store } = await openForTest(open);
      const document = { ...newDocument('g', 'a'), list: [1] };
      const written = store.write('g', [{ kind: 'create', document }]);
      document.list.push(2);
      await written;
      const first = await readPresent(store, 'g', 'a');
      expect(first.document['list']).toEqual([1]);
      (first.document['list'] as number[]).push(3);
      expect((await readPresent(store, 'g', 'a')).document['list']).toEqual([1]);
    });

    it('keeps groups apart', async () => {
      const { store } = await openForTest(open);
      await createAll(store, [
        newDocument('one', 'a', { name: '1' }),
        newDocument('two', 'a', { name: '2' }),
      ]);
      const { version } = await readPresent(store, 'one', 'a');
      await store.write('one', [{ kind: 'delete', id: 'a', version }]);
      expect(await store.read('one', 'a')).toBeNull();
      expect((await readPresent(store, 'two', 'a')).document['name']).toBe('2');
    });

    it('changes a version at each write of the document, and only then', async ({ skip }) => {
      const opened = await openForTest(open);
      skipGap(opened, 'conflicts', skip);
      const { store } = opened;
      await createAll(store, [newDocument('g', 'a'), newDocument('g', 'b')]);
      const a = await readPresent(store, 'g', 'a');
      const b = await readPresent(store, 'g', 'b');
      const seen = new Set([a.version]);

      const [second = null] = await store.write('g', [{ kind: 'replace', ...a }]);
      expect((await readPresent(store, 'g', 'a')).version).toBe(second);
      expect((await readPresent(store, 'g', 'b')).version).toBe(b.version);
      seen.add(second ?? '');
      expect(await store.write('g', [{ kind: 'delete', id: 'a', version: second ?? '' }])).toEqual([null]);
      const [third] = await store.write('g', [{ kind: 'create', document: a.document }]);
      seen.add(third ?? '');
      expect(seen.size).toBe(3);
      await expect(store.write('g', [{ kind: 'replace', ...a }])).rejects.toMatchObject({
        reason: 'version',
      });
      expect((await readPresent(store, 'g', 'a')).version).toBe(third);
    });

    it.for([
      ['create', 'present', 'exists'],
      ['replace', 'absent', 'missing'],
      ['replace', 'changed', 'version'],
      ['delete', 'absent', 'missing'],
      ['delete', 'changed', 'version'],
    ] as const)(
      'applies nothing of a batch whose last operation is a %s of one %s',
      async ([kind, id, reason], { skip }) => {
        const opened = await openForTest(open);
        skipGap(opened, 'conflicts', skip);
        const { store } = opened;
        await createAll(store, [
          newDocument('g', 'present'),
          newDocument('g', 'changed'),
          newDocument('g', 'gone'),
        ]);
        const changed = await readPresent(store, 'g', 'changed');
        await store.write('g', [{ kind: 'replace', ...changed }]);
        const present = await readPresent(store, 'g', 'present');
        const gone = await readPresent(store, 'g', 'gone');

        const document = newDocument('g', id);
        const failing: WriteOperation =
          kind === 'delete'
            ? { kind, id, version: changed.version }
            : { kind, document, version: changed.version };
        const batch: WriteOperation[] = [
          { kind: 'create', document: newDocument('g', 'new') },
          {
            kind: 'replace',
            document: { ...gone.document, name: 'other' } as TestDocument,
            version: gone.version,
          },
          failing,
        ];
        const conflict = await store.write('g', batch).catch((error: unknown) => error);
        expect(conflict).toBeInstanceOf(WriteConflict);
        expect(conflict).toMatchObject({ operation: 2, reason });
        expect(await store.read('g', 'new')).toBeNull();
        expect(await readPresent(store, 'g', 'gone')).toEqual(gone);
        expect(await readPresent(store, 'g', 'present')).toEqual(present);
      },
    );

    it('is safe to repeat: the same operations conflict once they were applied', async () => {
      const { store } = await openForTest(open);
      const batch: WriteOperation[] = [{ kind: 'create', document: newDocument('g', 'a') }];
      const outcomes = await Promise.allSettled([store.write('g', batch), store.write('g', batch)]);
      expect(outcomes.map((each) => each.status)).toEqual(['fulfilled', 'rejected']);
    });
  });

  describeBounds(open);
  describeRaces(open);
  describeEnd(open);
}

function create(id: string, fields: Readonly<Record<string, unknown>> = {}): WriteOperation {
  return { kind: 'create', document: newDocument('g', id, fields) };
}

function many(count: number): WriteOperation[] {
  return Array.from({ length: count }, (_, index) => create(`d${index}`));
}

/** One document, of two-byte characters for the most part, whose JSON has exactly so many bytes. */
function ofBytes(bytes: number): WriteOperation[] {
  const room = bytes - JSON.stringify(newDocument('g', 'a', { text: '' })).length;
  return [create('a', { text: `${'é'.repeat(room >> 1)}${room % 2 === 0 ? '' : 'e'}` })];
}

function describeBounds(open: OpenStore<DocumentStore>): void {
  describe('bounds of a batch', () => {
    it.each([
      ['as many operations as are allowed', many(BATCH_OPERATIONS_MAX)],
      ['as many bytes as are allowed', ofBytes(BATCH_BYTES_MAX)],
      ['the longest id', [create('i'.repeat(255))]],
      ['every character of an id', [create('AZaz09:_.-')]],
    ])('takes %s', async (_, batch) => {
      const { store } = await openForTest(open);
      expect(await store.write('g', batch)).toHaveLength(batch.length);
    });

    it.each([
      ['no operation', []],
      ['an operation too many', many(BATCH_OPERATIONS_MAX + 1)],
      ['a byte too many', ofBytes(BATCH_BYTES_MAX + 1)],
      ['an empty id', [create('')]],
      ['an id too long', [create('i'.repeat(256))]],
      ['an id of other characters', [create('a/b')]],
      ['an id that leads elsewhere', [create('..')]],
      ['an id with a line break', [create('a\n')]],
      ['a document twice', [create('a'), create('b'), create('a')]],
      ['a document of another group', [{ kind: 'create', document: newDocument('other', 'a') }]],
    ] satisfies [string, WriteOperation[]][])('refuses %s as a mistake', async (_, batch) => {
      const { store } = await openForTest(open);
      await expect(store.write('g', batch)).rejects.toBeInstanceOf(AssertionError);
      expect((await store.query({ type: 'machine', limit: 1 })).items).toEqual([]);
    });
  });
}

function writersOf({ isRemote }: OpenedStore<DocumentStore>): number {
  return isRemote === true ? 30 : 200;
}

function describeRaces(open: OpenStore<DocumentStore>): void {
  describe('races', () => {
    it('lets exactly one of many writers win each version', async ({ skip }) => {
      const opened = await openForTest(open);
      skipGap(opened, 'conflicts', skip);
      const { store } = opened;
      const writers = writersOf(opened);
      await createAll(store, [newDocument('g', 'counter', { count: 0 })]);

      async function increment(): Promise<number> {
        for (let attempt = 1; ; attempt += 1) {
          const { document, version } = await readPresent(store, 'g', 'counter');
          const next = { ...document, count: Number(document['count']) + 1 };
          try {
            await store.write('g', [{ kind: 'replace', document: next, version }]);
            return attempt;
          } catch (error) {
            if (!(error instanceof WriteConflict) || error.reason !== 'version') throw error;
          }
        }
      }
      const attempts = await Promise.all(Array.from({ length: writers }, increment));
      expect((await readPresent(store, 'g', 'counter')).document['count']).toBe(writers);
      expect(Math.max(...attempts)).toBeGreaterThan(1);
    });

    it('lets exactly one of many creators create', async () => {
      const opened = await openForTest(open);
      const { store } = opened;
      const creations = Array.from({ length: writersOf(opened) }, (_, writer) =>
        store.write('g', [{ kind: 'create', document: newDocument('g', 'one', { writer }) }]),
      );
      const outcomes = await Promise.allSettled(creations);
      const winner = outcomes.findIndex((each) => each.status === 'fulfilled');
      expect(outcomes.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
      expect((await readPresent(store, 'g', 'one')).document['writer']).toBe(winner);
    });

    it('shows no reader half a batch', async () => {
      const { store } = await openForTest(open);
      await createAll(store, [newDocument('g', 'a', { count: 0 }), newDocument('g', 'b', { count: 0 })]);
      const progress = { isWriting: true };

      async function write(): Promise<void> {
        for (let count = 1; count <= 50; count += 1) {
          const [a, b] = await Promise.all([readPresent(store, 'g', 'a'), readPresent(store, 'g', 'b')]);
          await store.write(
            'g',
            [a, b].map(({ document, version }) => ({
              kind: 'replace',
              document: { ...document, count },
              version,
            })),
          );
        }
        progress.isWriting = false;
      }
      async function watch(): Promise<void> {
        while (progress.isWriting) {
          const { items } = await store.query<TestDocument>({ type: 'machine', groupId: 'g', limit: 2 });
          expect(new Set(items.map(({ document }) => document['count'])).size).toBe(1);
          await new Promise(setImmediate);
        }
      }
      await Promise.all([write(), watch()]);
    });
  });
}

function describeEnd(open: OpenStore<DocumentStore>): void {
  describe('the end', () => {
    it('waits for writes under way, and refuses what comes later', async () => {
      const { store } = await openForTest(open);
      const writes = Array.from({ length: 300 }, (_, index) =>
        store.write('g', [{ kind: 'create', document: newDocument('g', `d${index}`) }]),
      );
      await store.close();
      expect(await Promise.all(writes)).toHaveLength(300);
      const late = [
        store.read('g', 'd0'),
        store.write('g', [{ kind: 'create', document: newDocument('g', 'late') }]),
        store.query({ type: 'machine', limit: 1 }),
        store.countBy('g', 'machine', 'status'),
      ];
      for (const outcome of await Promise.allSettled(late)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
      }
    });

    it('keeps what was acknowledged, with its versions', async ({ skip }) => {
      const opened = await openForTest(open);
      const reopen = reopenOrSkip(opened, skip);
      await createAll(opened.store, [newDocument('g', 'a', { name: 'kept' }), newDocument('g', 'b')]);
      const a = await readPresent(opened.store, 'g', 'a');
      const b = await readPresent(opened.store, 'g', 'b');
      await opened.store.write('g', [{ kind: 'delete', id: 'b', version: b.version }]);

      const store = await reopen();
      expect(await readPresent(store, 'g', 'a')).toEqual(a);
      expect(await store.read('g', 'b')).toBeNull();
      const [version] = await store.write('g', [{ kind: 'create', document: b.document }]);
      expect(version).not.toBe(b.version);
      await store.write('g', [{ kind: 'replace', ...a }]);
      await store.close();
    });
  });
}
