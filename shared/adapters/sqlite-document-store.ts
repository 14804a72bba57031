// Documents in one SQLite file: WAL, synced at every commit, concurrent writes committed together. Made for one
// process; SQLite's work is synchronous, so no reader ever meets a transaction half-way.
import assert from 'node:assert/strict';
import { StoreUnavailable } from '../ports/document-store.ts';
import type { DocumentStore, FleetDocument, Page, Query, Stored } from '../ports/document-store.ts';
import type { ChangeFeed } from '../ports/change-feed.ts';
import type { Checkpoints } from '../ports/checkpoints.ts';
import { prepareBatch } from './document-batch.ts';
import { checkField, checkQuery, orderOf, startOf, toCursor } from './query-cursor.ts';
import { sequenceChanges } from './sequence-feed.ts';
import { applyBatch } from './sqlite-batch.ts';
import { GroupCommit } from './sqlite-group-commit.ts';
import { toCount, toSelect } from './sqlite-query.ts';
import { isSqliteError, openDatabase } from './sqlite-schema.ts';
import { SqliteStatements } from './sqlite-statements.ts';
import type { SqliteRow } from './sqlite-statements.ts';

export { StoreUnusable } from './sqlite-schema.ts';

const READ = 'SELECT json, sequence FROM documents WHERE groupId = ? AND id = ?';
const CHANGES = 'SELECT json, sequence FROM documents WHERE sequence > ? ORDER BY sequence LIMIT ?';
const CHECKPOINT = 'SELECT position FROM checkpoints WHERE consumer = ?';
const SAVE_CHECKPOINT = `
  INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET position = excluded.position`;

/**
 * Opens the store in `file`, making it when there is none.
 * @throws StoreUnusable when the file cannot be the store: its message says what to do.
 */
export function sqliteDocumentStore({
  file,
}: {
  readonly file: string;
}): DocumentStore & ChangeFeed & Checkpoints {
  const database = openDatabase(file);
  const statements = new SqliteStatements(database);
  const commits = new GroupCommit(database, statements);
  let closed = false;

  function whileOpen<T>(work: () => T): T {
    if (closed || !database.isOpen) throw new StoreUnavailable('the store is closed');
    try {
      return work();
    } catch (cause) {
      if (!isSqliteError(cause)) throw cause;
      throw new StoreUnavailable(`the store failed: ${cause.message}`, { cause });
    }
  }

  return {
    async read<D extends FleetDocument>(groupId: string, id: string) {
      const row = whileOpen(() => statements.one(READ, groupId, id));
      return row === null ? null : toStored<D>(row);
    },

    async write(groupId, operations) {
      return whileOpen(() => {
        const batch = prepareBatch(groupId, operations);
        return commits.run(batch.length, () => applyBatch(statements, groupId, batch));
      });
    },

    async query<D extends FleetDocument>(query: Query) {
      checkQuery(query);
      const select = toSelect(query, startOf(query));
      return toPage<D>(
        query,
        whileOpen(() => statements.all(select.text, ...select.values)),
      );
    },

    async countBy(groupId, type, field) {
      checkField(field);
      const count = toCount(groupId, type, field);
      const rows = whileOpen(() => statements.all(count.text, ...count.values));
      return new Map(rows.map((row) => [String(row['value']), Number(row['count'])]));
    },

    async changes(after, limit) {
      return sequenceChanges(after, limit, (sequence) =>
        whileOpen(() => statements.all(CHANGES, sequence, limit)).map((row) => ({
          sequence: Number(row['sequence']),
          document: toStored(row).document,
        })),
      );
    },

    async checkpoint(consumer) {
      const row = whileOpen(() => statements.one(CHECKPOINT, consumer));
      return row === null ? null : String(row['position']);
    },

    async saveCheckpoint(consumer, position) {
      await whileOpen(() => commits.run(1, () => statements.run(SAVE_CHECKPOINT, consumer, position)));
    },

    async close() {
      if (closed) return;
      closed = true;
      commits.drain();
      if (database.isOpen) database.close();
    },
  };
}

function toStored<D extends FleetDocument>(row: SqliteRow): Stored<D> {
  return { document: JSON.parse(String(row['json'])) as D, version: String(row['sequence']) };
}

function toPage<D extends FleetDocument>(query: Query, rows: readonly SqliteRow[]): Page<D> {
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const hasNext = last !== undefined && rows.length > shown.length;
  return {
    items: shown.map((row) => toStored<D>(row)),
    cursor: hasNext
      ? toCursor(
          query,
          orderOf(query).columns.map((column) => keyValue(last[column])),
        )
      : null,
  };
}

function keyValue(value: SqliteRow[string] | undefined): string | number {
  assert(typeof value === 'string' || typeof value === 'number');
  return value;
}
