// One batch applied to the tables, within a transaction of the caller's.
import { WriteConflict } from '../ports/document-store.ts';
import { FIELD_COLUMNS } from './document-batch.ts';
import type { BatchOperation, Content } from './document-batch.ts';
import type { SqliteRow, SqliteStatements } from './sqlite-statements.ts';

/** What an update writes only where it changed. */
const COLUMNS = ['type', ...FIELD_COLUMNS] as const;

const TAKE_SEQUENCES = 'UPDATE feed SET sequence = sequence + ? RETURNING sequence';
const INSERT = `
  INSERT INTO documents (groupId, id, type, sequence, json, ${FIELD_COLUMNS.join(', ')})
  VALUES (?, ?, ?, ?, ?, ${FIELD_COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (groupId, id) DO NOTHING`;
const FIND = `SELECT rowid, sequence, ${COLUMNS.join(', ')} FROM documents WHERE groupId = ? AND id = ?`;
const DELETE = 'DELETE FROM documents WHERE rowid = ?';

/**
 * Returns the new versions. A version is the sequence of the document's last write: no two writes have the same.
 * @throws WriteConflict with some of the batch applied; the caller undoes it.
 */
export function applyBatch(
  statements: SqliteStatements,
  groupId: string,
  batch: readonly BatchOperation[],
): (string | null)[] {
  const last = Number(statements.one(TAKE_SEQUENCES, batch.length)?.['sequence']);
  const first = last - batch.length + 1;
  return batch.map((operation, index) => {
    const sequence = first + index;
    if (operation.kind === 'create') insert(statements, groupId, operation, sequence, index);
    else {
      const row = find(statements, groupId, operation, index);
      if (operation.kind === 'delete') statements.run(DELETE, row['rowid'] ?? null);
      else update(statements, row, operation.content, sequence);
    }
    return operation.kind === 'delete' ? null : String(sequence);
  });
}

function insert(
  statements: SqliteStatements,
  groupId: string,
  { id, content }: { readonly id: string; readonly content: Content },
  sequence: number,
  index: number,
): void {
  const fields = FIELD_COLUMNS.map((column) => content.fields[column]);
  const inserted = statements.run(INSERT, groupId, id, content.type, sequence, content.json, ...fields);
  if (inserted === 0) throw new WriteConflict(index, 'exists');
}

function find(
  statements: SqliteStatements,
  groupId: string,
  { id, version }: { readonly id: string; readonly version: string },
  index: number,
): SqliteRow {
  const row = statements.one(FIND, groupId, id);
  if (row === null) throw new WriteConflict(index, 'missing');
  if (String(row['sequence']) !== version) throw new WriteConflict(index, 'version');
  return row;
}

/** SQLite rewrites every index that a statement's columns touch, changed or not: most writes touch none of them. */
function update(statements: SqliteStatements, row: SqliteRow, content: Content, sequence: number): void {
  const values = { type: content.type, ...content.fields };
  const changed = COLUMNS.filter((column) => row[column] !== values[column]);
  const assignments = ['sequence', 'json', ...changed].map((column) => `${column} = ?`).join(', ');
  const text = `UPDATE documents SET ${assignments} WHERE rowid = ?`;
  const fields = changed.map((column) => values[column]);
  statements.run(text, sequence, content.json, ...fields, row['rowid'] ?? null);
}
