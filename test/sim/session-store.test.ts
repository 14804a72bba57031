import { beforeEach, describe, expect, test } from 'vitest';
import type { DocumentStore, FleetDocument } from '../../shared/ports/document-store.ts';
import { StoreUnavailable } from '../../shared/ports/document-store.ts';
import { describeDocumentStore } from '../conformance/document-store.ts';
import { newDocument } from '../conformance/documents.ts';
import { LAG_MILLISECONDS_MAX, Session, SessionStore } from './session-store.ts';

/** As one instance sees it that is never behind. */
function asDocumentStore(store: SessionStore): DocumentStore {
  let isClosed = false;
  const open = <T>(work: () => T): Promise<T> =>
    new Promise((resolve) => {
      if (isClosed) throw new StoreUnavailable('closed');
      resolve(work());
    });
  return {
    read: <D extends FleetDocument>(groupId: string, id: string) => open(() => store.read<D>(groupId, id)),
    write: (groupId, operations) => open(() => store.write(groupId, operations)),
    query: (query) => open(() => store.query(query)),
    countBy: (groupId, type, field) => open(() => store.countBy(groupId, type, field)),
    close: async () => void (isClosed = true),
  };
}

describeDocumentStore('the simulated store', async () => ({
  store: asDocumentStore(new SessionStore(() => 0)),
  gaps: { durability: 'kept in memory alone' },
}));

describe('an instance that is behind', () => {
  let now: number;
  let store: SessionStore;
  let isBehind: boolean;
  let reader: Session;
  beforeEach(() => {
    now = 0;
    store = new SessionStore(() => now);
    isBehind = true;
    reader = new Session(store, () => isBehind);
  });

  function writeBoth(text: string): void {
    const operations = ['a', 'b'].map((id) => {
      const document = newDocument('g', id, { text });
      const present = store.read('g', id);
      return present === null
        ? ({ kind: 'create', document } as const)
        : ({ kind: 'replace', document, version: present.version } as const);
    });
    store.write('g', operations);
  }

  function read(id: string): unknown {
    return (store.read('g', id, reader.view)?.document as { text?: string } | undefined)?.text ?? null;
  }

  test('sees what others wrote once it is old enough, and not a millisecond sooner', () => {
    writeBoth('first');
    expect(read('a')).toBeNull();
    now = LAG_MILLISECONDS_MAX - 1;
    expect(read('a')).toBeNull();
    now = LAG_MILLISECONDS_MAX;
    expect(read('a')).toBe('first');
  });

  test('sees batches whole', () => {
    writeBoth('first');
    now = LAG_MILLISECONDS_MAX;
    writeBoth('second');
    expect([read('a'), read('b')]).toEqual(['first', 'first']);
    const { items } = store.query({ type: 'machine', groupId: 'g', limit: 10 }, reader.view);
    expect(items.map(({ document }) => document)).toMatchObject([{ text: 'first' }, { text: 'first' }]);
  });

  test('never goes back to what it has seen replaced', () => {
    writeBoth('first');
    isBehind = false;
    expect(read('a')).toBe('first');
    isBehind = true;
    expect(read('b')).toBe('first');
  });

  test('sees what it wrote itself', () => {
    writeBoth('first');
    reader.wrote('g');
    expect(read('a')).toBe('first');
  });

  test('is refused a write on what it was shown of old', () => {
    writeBoth('first');
    now = LAG_MILLISECONDS_MAX;
    const seen = store.read('g', 'a', reader.view);
    writeBoth('second');
    expect(() => store.write('g', [{ kind: 'delete', id: 'a', version: seen?.version ?? '' }])).toThrow(
      expect.objectContaining({ name: 'WriteConflict', reason: 'version' }) as Error,
    );
  });

  test('still sees a document that was deleted meanwhile', () => {
    writeBoth('first');
    now = LAG_MILLISECONDS_MAX;
    store.write('g', [{ kind: 'delete', id: 'a', version: store.read('g', 'a')?.version ?? '' }]);
    expect(store.read('g', 'a')).toBeNull();
    expect(read('a')).toBe('first');
  });
});
