// Documents in this process's memory, for tests: the whole port but for durability. Documents are kept as
// JSON text, so that what goes in and what comes out is shared with no one.
import assert from 'node:assert/strict';
import { StoreUnavailable, WriteConflict } from '../ports/document-store.ts';
import type {
  Condition,
  DocumentStore,
  FleetDocument,
  Page,
  Query,
  Stored,
} from '../ports/document-store.ts';
import type { ChangeFeed } from '../ports/change-feed.ts';
import type { Checkpoints } from '../ports/checkpoints.ts';
import { prepareBatch } from './document-batch.ts';
import type { BatchOperation } from './document-batch.ts';
import { MemoryRows } from './memory-rows.ts';
import type { Row } from './memory-rows.ts';
import { checkField, checkQuery, orderOf, startOf, toCursor } from './query-cursor.ts';
import type { Order, SortKey } from './query-cursor.ts';

export function memoryDocumentStore(): DocumentStore & ChangeFeed & Checkpoints {
  const rows = new MemoryRows();
  const positions = new Map<string, number>();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreUnavailable('the store is closed');
  }

  return {
    async read<D extends FleetDocument>(groupId: string, id: string) {
      assertOpen();
      const row = rows.get(groupId, id);
      return row === null ? null : toStored<D>(row);
    },

    async write(groupId, operations) {
      assertOpen();
      const batch = prepareBatch(groupId, operations);
      for (const [index, operation] of batch.entries()) {
        const conflict = conflictOf(operation, rows.get(groupId, operation.id));
        if (conflict !== null) throw new WriteConflict(index, conflict);
      }
      return batch.map((operation) => {
        if (operation.kind !== 'delete') return toVersion(rows.put(groupId, operation.id, operation.content));
        rows.delete(groupId, operation.id);
        return null;
      });
    },

    async query<D extends FleetDocument>(query: Query) {
      assertOpen();
      return pageOf<D>(rows, query);
    },

    async countBy(groupId, type, field) {
      assertOpen();
      checkField(field);
      const counts = new Map<string, number>();
      for (const row of rows.of(type, groupId)) {
        const value = row.content.fields[field];
        if (value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
      }
      return counts;
    },

    async changes(after, limit) {
      assertOpen();
      assert(Number.isInteger(limit) && limit >= 1, `not a number of changes: ${limit}`);
      return rows
        .since(after, limit)
        .map((row) => ({ sequence: row.sequence, document: toStored<FleetDocument>(row).document }));
    },

    async checkpoint(consumer) {
      assertOpen();
      return positions.get(consumer) ?? null;
    },

    async saveCheckpoint(consumer, position) {
      assertOpen();
      assert(Number.isFinite(position), `not a position: ${position}`);
      positions.set(consumer, position);
    },

    async close() {
      closed = true;
    },
  };
}

function toStored<D extends FleetDocument>(row: Row): Stored<D> {
  return { document: JSON.parse(row.content.json) as D, version: toVersion(row) };
}

/** No two writes have the same sequence, so a document's is a version that never comes back. */
function toVersion(row: Row): string {
  return String(row.sequence);
}

function conflictOf(operation: BatchOperation, row: Row | null): WriteConflict['reason'] | null {
  if (operation.kind === 'create') return row === null ? null : 'exists';
  if (row === null) return 'missing';
  return toVersion(row) === operation.version ? null : 'version';
}

function pageOf<D extends FleetDocument>(rows: MemoryRows, query: Query): Page<D> {
  checkQuery(query);
  const order = orderOf(query);
  const start = startOf(query);

  const matches: { key: SortKey; row: Row }[] = [];
  for (const row of rows.of(query.type, query.groupId)) {
    const key = sortKeyOf(row, order);
    if (key === null || (start !== null && compareKeys(key, start, order) <= 0)) continue;
    if ((query.where ?? []).every((condition) => holds(condition, row))) matches.push({ key, row });
  }
  matches.sort((one, other) => compareKeys(one.key, other.key, order));

  const shown = matches.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ row }) => toStored<D>(row)),
    cursor: last !== undefined && matches.length > shown.length ? toCursor(query, last.key) : null,
  };
}

/** Null for a document that lacks a field of the order. */
function sortKeyOf(row: Row, order: Order): SortKey | null {
  const key: (string | number)[] = [];
  for (const column of order.columns) {
    const value = column === 'id' || column === 'groupId' ? row[column] : row.content.fields[column];
    if (value === null) return null;
    key.push(value);
  }
  return key;
}

function compareKeys(one: SortKey, other: SortKey, order: Order): number {
  for (const [index, value] of one.entries()) {
    const difference = compareValues(value, other[index] ?? '');
    if (difference !== 0) return order.descending ? -difference : difference;
  }
  return 0;
}

/** Numbers come before text. */
function compareValues(one: string | number, other: string | number): number {
  if (typeof one !== typeof other) return typeof one === 'number' ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const OPERATORS: Readonly<Record<Condition['is'], (difference: number) => boolean>> = {
  '=': (difference) => difference === 0,
  '!=': (difference) => difference !== 0,
  '<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
  '>': (difference) => difference > 0,
  '>=': (difference) => difference >= 0,
};

/** Text and numbers are not compared with each other: no condition on one holds for the other. */
function holds({ field, is, value }: Condition, row: Row): boolean {
  const found = row.content.fields[field];
  if (found === null || typeof found !== typeof value) return false;
  return OPERATORS[is](compareValues(found, value));
}
