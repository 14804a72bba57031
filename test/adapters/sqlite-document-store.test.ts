import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { orderOf, startOf, toCursor } from '../../shared/adapters/query-cursor.ts';
import { sqliteDocumentStore, StoreUnusable } from '../../shared/adapters/sqlite-document-store.ts';
import { toCount, toSelect } from '../../shared/adapters/sqlite-query.ts';
import { openDatabase } from '../../shared/adapters/sqlite-schema.ts';
import { StoreUnavailable } from '../../shared/ports/document-store.ts';
import type { Query } from '../../shared/ports/document-store.ts';
import { describeChangeFeed } from '../conformance/change-feed.ts';
import { describeDocumentStore } from '../conformance/document-store.ts';
import { createAll, newDocument } from '../conformance/documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-documents-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function newFile(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

async function open() {
  const file = newFile();
  const store = sqliteDocumentStore({ file });
  return {
    store,
    async reopen() {
      await store.close();
      return sqliteDocumentStore({ file });
    },
  };
}

describeDocumentStore('sqliteDocumentStore', open);
describeChangeFeed('sqliteDocumentStore', open);

const due: Query = {
  type: 'group',
  where: [{ field: 'nextActionOn', is: '<=', value: '2026-11-22T00:00:00Z' }],
  orderBy: 'nextActionOn',
  limit: 100,
};
const machines: Query = { type: 'machine', groupId: 'g', limit: 100 };
const pending = { field: 'keyDeliveryStatus', is: '=', value: 'PendingNewKey' } as const;
const outdated = { field: 'agentVersion', is: '=', value: '2.22' } as const;
const ofMachine = { field: 'machineId', is: '=', value: 'm' } as const;
const newest: Query = { type: 'event', orderBy: 'newest', limit: 100 };

describe('the plan of SQLite', () => {
  it.each<[string, Query, string]>([
    ['what is due', due, 'documents_due'],
    ['what is due in one status', { ...due, where: [...(due.where ?? []), pending] }, 'documents_due'],
    ['machines of a group', machines, 'documents_by_type'],
    [
      'machines of a group in one status',
      { ...machines, where: [pending] },
      'documents_by_delivery_of_group',
    ],
    ['machines in one status', { type: 'machine', where: [pending], limit: 100 }, 'documents_by_delivery'],
    [
      'groups in one status',
      { type: 'group', where: [{ field: 'status', is: '=', value: 'Renewing' }], limit: 100 },
      'documents_by_status',
    ],
    ['newest events', newest, 'documents_newest'],
    ['newest events in one status', { ...newest, where: [pending] }, 'documents_newest'],
    ['newest events of a group', { ...newest, groupId: 'g' }, 'documents_newest_of_group'],
    ['newest events of a machine', { ...newest, where: [ofMachine] }, 'documents_newest_of_machine'],
    [
      'newest events of a machine in its group',
      { ...newest, groupId: 'g', where: [ofMachine] },
      'documents_newest_of_machine_in_group',
    ],
    ['machines with one agent', { type: 'machine', where: [outdated], limit: 100 }, 'documents_by_agent'],
    ['machines of a group with one agent', { ...machines, where: [outdated] }, 'documents_by_agent'],
  ])('answers %s, first page and next, from an index and without sorting', (_, query, index) => {
    const database = openDatabase(newFile());
    const next = {
      ...query,
      cursor: toCursor(
        query,
        orderOf(query).columns.map(() => 'x'),
      ),
    };
    for (const each of [query, next]) {
      const { text, values } = toSelect(each, startOf(each));
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values);
      expect(plan).toEqual([
        expect.objectContaining({ detail: expect.stringContaining(`USING INDEX ${index} (`) }),
      ]);
    }
    const nextPage = toSelect(next, startOf(next));
    const [plan] = database.prepare(`EXPLAIN QUERY PLAN ${nextPage.text}`).all(...nextPage.values);
    // The page begins in the index where the last one ended.
    expect(plan?.['detail']).toMatch(/id>\?|\)[<>]\(/);
    database.close();
  });

  it.each([
    ['g', 'documents_by_delivery_of_group'],
    [null, 'documents_by_delivery '],
  ])('counts by delivery status from an index alone, of group %s', (groupId, index) => {
    const database = openDatabase(newFile());
    const { text, values } = toCount(groupId, 'machine', 'keyDeliveryStatus');
    const [plan, ...others] = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values);
    expect(plan?.['detail']).toContain(`COVERING INDEX ${index}`);
    expect(others).toEqual([]);
    database.close();
  });
});

function refusal(file: string): unknown {
  try {
    return sqliteDocumentStore({ file });
  } catch (error) {
    return error;
  }
}

describe('a file that cannot be the store', () => {
  it.each<[string, (file: string) => void]>([
    ['that is no database', (file) => writeFileSync(file, 'not a database at all, '.repeat(100))],
    ['of another program', (file) => new DatabaseSync(file).exec('CREATE TABLE theirs (a)')],
    [
      'of a newer version',
      (file) => {
        const database = openDatabase(file);
        database.exec('PRAGMA user_version = 99');
        database.close();
      },
    ],
    ['in a folder that is not there', (file) => rmSync(file, { force: true })],
  ])('%s is refused, by name', (title, prepare) => {
    const file = title.includes('folder') ? join(folder, 'nowhere', 'a.db') : newFile();
    prepare(file);
    const error = refusal(file);
    expect(error).toBeInstanceOf(StoreUnusable);
    expect((error as StoreUnusable).message).toContain(file);
  });
});

describe('a file of an earlier version', () => {
  it('of version 1 keeps documents, the positions of feeds and the instants of timers', async () => {
    const file = newFile();
    const first = sqliteDocumentStore({ file });
    await createAll(
      first,
      ['a', 'b', 'c'].map((id) => newDocument('g', id)),
    );
    await first.close();
    const database = new DatabaseSync(file);
    database.exec(`
      DROP TABLE checkpoints;
      CREATE TABLE checkpoints (consumer TEXT PRIMARY KEY, position REAL NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO checkpoints VALUES ('fleet-changes', 2), ('timer:renewal-scan', 1795305900);
      PRAGMA user_version = 1;`);
    database.close();

    for (let opened = 0; opened < 2; opened += 1) {
      const store = sqliteDocumentStore({ file });
      const position = await store.checkpoint('fleet-changes');
      expect((await store.changes(position, 10)).documents).toEqual([newDocument('g', 'c')]);
      expect(await store.checkpoint('timer:renewal-scan')).toBe('2026-11-22T00:05:00Z');
      await store.close();
    }
  });
});

describe('group commit', () => {
  it('fails all writes of a transaction that cannot be committed, leaves nothing of them, and goes on after', async () => {
    const file = newFile();
    const store = sqliteDocumentStore({ file });
    const other = new DatabaseSync(file);
    // What the store writes next breaks a rule of the file's: as a full disk would, in the middle of it.
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON documents WHEN new.id = 'second'
      BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END`);
    const create = (id: string) => store.write('g', [{ kind: 'create', document: newDocument('g', id) }]);
    for (const outcome of await Promise.allSettled([create('first'), create('second'), create('third')])) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    expect((await store.query({ type: 'machine', limit: 10 })).items).toEqual([]);
    expect((await store.changes(null, 10)).documents).toEqual([]);

    other.exec('DROP TRIGGER full');
    other.close();
    expect(await create('second')).toHaveLength(1);
    await store.close();
  });

  it('keeps the others when one batch among them conflicts', async () => {
    const store = sqliteDocumentStore({ file: newFile() });
    const create = (...ids: string[]) =>
      store.write(
        'g',
        ids.map((id) => ({ kind: 'create', document: newDocument('g', id) })),
      );
    const outcomes = await Promise.allSettled([create('a'), create('b', 'a'), create('c')]);
    expect(outcomes.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const { items } = await store.query({ type: 'machine', limit: 10 });
    expect(items.map(({ document }) => document.id)).toEqual(['a', 'c']);
    await store.close();
  });

  it('leaves one file behind, which SQLite finds sound', async () => {
    const file = newFile();
    const store = sqliteDocumentStore({ file });
    await store.write('g', [{ kind: 'create', document: newDocument('g', 'a') }]);
    await store.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    const database = new DatabaseSync(file, { readOnly: true });
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
  });
});
