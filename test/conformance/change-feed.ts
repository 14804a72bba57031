// The contracts of the change feed and of checkpoints, for stores that bring them.
import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../shared/ports/document-store.ts';
import type { DocumentStore, FleetDocument } from '../../shared/ports/document-store.ts';
import type { ChangeFeed, Changes } from '../../shared/ports/change-feed.ts';
import type { Checkpoints } from '../../shared/ports/checkpoints.ts';
import { createAll, newDocument, readPresent } from './documents.ts';
import { openForTest, reopenOrSkip, skipGap } from './opened-store.ts';
import type { OpenStore } from './opened-store.ts';

export type FeedStore = DocumentStore & ChangeFeed & Checkpoints;

async function touch(store: FeedStore, id: string, name: string): Promise<void> {
  const { document, version } = await readPresent(store, 'g', id);
  await store.write('g', [{ kind: 'replace', document: { ...document, name } as typeof document, version }]);
}

async function remove(store: FeedStore, id: string): Promise<void> {
  const { version } = await readPresent(store, 'g', id);
  await store.write('g', [{ kind: 'delete', id, version }]);
}

/** Everything after `after`, read in pages. */
async function follow(feed: ChangeFeed, after: string | null, limit: number): Promise<Changes> {
  const documents: FleetDocument[] = [];
  let position = after;
  for (;;) {
    const page = await feed.changes(position, limit);
    position = page.position;
    if (page.documents.length === 0) return { documents, position };
    expect(page.documents.length).toBeLessThanOrEqual(limit);
    documents.push(...page.documents);
  }
}

const idsOf = ({ documents }: Pick<Changes, 'documents'>): string[] => documents.map(({ id }) => id);

export function describeChangeFeed(name: string, open: OpenStore<FeedStore>): void {
  describe(`${name} as a change feed`, () => {
    it('shows the latest version of each document once, in the order of last writes', async () => {
      const { store } = await openForTest(open);
      expect((await store.changes(null, 10)).documents).toEqual([]);
      await createAll(
        store,
        ['a', 'b', 'c', 'd'].map((id) => newDocument('g', id)),
      );
      await touch(store, 'b', 'second');
      await touch(store, 'a', 'second');
      await touch(store, 'b', 'third');
      await remove(store, 'c');

      const changes = await follow(store, null, 10);
      expect(idsOf(changes)).toEqual(['d', 'a', 'b']);
      expect(changes.documents[2]).toEqual(newDocument('g', 'b', { name: 'third' }));
    });

    it('shows a document that is written over and over where its last write is', async () => {
      const { store } = await openForTest(open);
      await createAll(
        store,
        ['a', 'b', 'c'].map((id) => newDocument('g', id)),
      );
      for (let write = 0; write < 300; write += 1) await touch(store, 'b', `write ${write}`);
      const changes = await follow(store, null, 10);
      expect(idsOf(changes)).toEqual(['a', 'c', 'b']);
      await touch(store, 'a', 'last');
      expect(idsOf(await follow(store, changes.position, 10))).toEqual(['a']);
    });

    it('shows the operations of a batch in their order', async () => {
      const { store } = await openForTest(open);
      await createAll(
        store,
        ['c', 'a', 'b'].map((id) => newDocument('g', id)),
      );
      expect(idsOf(await follow(store, null, 10))).toEqual(['c', 'a', 'b']);
    });

    it('goes on after a position, in pages', async () => {
      const { store } = await openForTest(open);
      const ids = Array.from({ length: 25 }, (_, index) => `d${index}`);
      for (const id of ids) await createAll(store, [newDocument('g', id)]);
      expect(idsOf(await follow(store, null, 10))).toEqual(ids);
      const first = await store.changes(null, 3);
      const second = await store.changes(first.position, 2);
      expect(idsOf({ documents: [...first.documents, ...second.documents] })).toEqual(ids.slice(0, 5));
    });

    it('shows nothing of a batch that conflicted', async ({ skip }) => {
      const opened = await openForTest(open);
      skipGap(opened, 'conflicts', skip);
      const { store } = opened;
      await createAll(store, [newDocument('g', 'a')]);
      const { position } = await follow(store, null, 1);
      const operations = ['b', 'a'].map((id) => ({
        kind: 'create' as const,
        document: newDocument('g', id),
      }));
      await expect(store.write('g', operations)).rejects.toMatchObject({ operation: 1, reason: 'exists' });
      expect((await store.changes(position, 10)).documents).toEqual([]);
    });

    it('misses nothing while others write', async () => {
      const { store } = await openForTest(open);
      const ids = Array.from({ length: 400 }, (_, index) => `d${index}`);
      const progress = { isWriting: true };
      const writes = Promise.all(ids.map((id) => createAll(store, [newDocument('g', id)]))).finally(() => {
        progress.isWriting = false;
      });
      const seen: string[] = [];
      let position: string | null = null;
      async function look(): Promise<void> {
        const changes = await follow(store, position, 7);
        position = changes.position;
        seen.push(...idsOf(changes));
      }
      while (progress.isWriting) {
        await look();
        await new Promise(setImmediate);
      }
      await writes;
      await look();
      expect(seen.toSorted()).toEqual(ids.toSorted());
    });

    it('never gives a position twice, even when the last document was deleted and the store reopened', async ({
      skip,
    }) => {
      const opened = await openForTest(open);
      const reopen = reopenOrSkip(opened, skip);
      await createAll(opened.store, [newDocument('g', 'a'), newDocument('g', 'b')]);
      const { position } = await follow(opened.store, null, 10);
      await remove(opened.store, 'b');

      const store = await reopen();
      await createAll(store, [newDocument('g', 'c')]);
      expect(idsOf(await follow(store, position, 10))).toEqual(['c']);
      await store.close();
    });
  });

  describeCheckpoints(name, open);
}

function describeCheckpoints(name: string, open: OpenStore<FeedStore>): void {
  describe(`${name} as checkpoints`, () => {
    it('gives each consumer the position it saved last, null before', async () => {
      const { store } = await openForTest(open);
      expect(await store.checkpoint('feed')).toBeNull();
      const long = JSON.stringify({ continuation: '\u{1F511}"'.repeat(2000) });
      await store.saveCheckpoint('feed', '7');
      await store.saveCheckpoint('timer:scan', '2026-11-22T00:00:00Z');
      await store.saveCheckpoint('feed', long);
      expect(await store.checkpoint('feed')).toBe(long);
      expect(await store.checkpoint('timer:scan')).toBe('2026-11-22T00:00:00Z');
    });

    it('keeps positions', async ({ skip }) => {
      const opened = await openForTest(open);
      const reopen = reopenOrSkip(opened, skip);
      await opened.store.saveCheckpoint('feed', '7');
      const store = await reopen();
      expect(await store.checkpoint('feed')).toBe('7');
      await store.close();
    });

    it('refuses everything once the store is closed', async ({ skip }) => {
      const opened = await openForTest(open);
      skipGap(opened, 'feedEnd', skip);
      const { store } = opened;
      await store.close();
      const late = [store.changes(null, 1), store.checkpoint('feed'), store.saveCheckpoint('feed', '1')];
      for (const outcome of await Promise.allSettled(late)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
      }
    });
  });
}
