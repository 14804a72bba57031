// Orders of a query and the cursors into them. A cursor holds the sort key of the last document shown (keyset
// paging: documents written meanwhile move no one else), bound to the query it came from by a digest.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { InvalidCursor } from '../ports/document-store.ts';
import type { Query, QueryField } from '../ports/document-store.ts';
import { FIELD_COLUMNS } from './document-batch.ts';
import type { FieldColumn } from './document-batch.ts';

export type SortColumn = FieldColumn | 'groupId' | 'id';

/** The values of an order's columns, in order. */
export type SortKey = readonly (string | number)[];

export interface Order {
  readonly columns: readonly SortColumn[];
  readonly descending: boolean;
}

const ORDERS: Readonly<Record<NonNullable<Query['orderBy']>, Order>> = {
  id: { columns: ['groupId', 'id'], descending: false },
  nextActionOn: { columns: ['nextActionOn', 'groupId', 'id'], descending: false },
  newest: { columns: ['occurredOn', 'id', 'groupId'], descending: true },
};

const QUERY_LIMIT_MAX = 1000;
const FIELDS: ReadonlySet<string> = new Set(FIELD_COLUMNS);
const OPERATORS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);

export function orderOf(query: Query): Order {
  return ORDERS[query.orderBy ?? 'id'];
}

/** Fails an assertion when it is not a field that is taken out of documents. */
export function checkField(field: QueryField): void {
  assert(FIELDS.has(field), `not a field to ask for: ${field}`);
}

/** Fails an assertion when the query breaks a rule of the port. */
export function checkQuery(query: Query): void {
  const { limit, where = [] } = query;
  assert(
    Number.isInteger(limit) && limit >= 1 && limit <= QUERY_LIMIT_MAX,
    `a query's limit is 1 to ${QUERY_LIMIT_MAX}, not ${limit}`,
  );
  for (const { field, is, value } of where) {
    checkField(field);
    assert(OPERATORS.has(is), `not an operator: ${is}`);
    assert(typeof value === 'string' || Number.isFinite(value), `${field} is compared with text or a number`);
  }
  if (query.afterId === undefined || query.afterId === null) return;
  assert(query.groupId !== undefined && (query.orderBy ?? 'id') === 'id', 'afterId is for one group, by id');
  assert(query.cursor === undefined || query.cursor === null, 'afterId and cursor exclude each other');
}

/**
 * The sort key after which the query's page starts; null for the beginning.
 * @throws InvalidCursor when the cursor is not one, or is another query's.
 */
export function startOf(query: Query): SortKey | null {
  if (query.groupId !== undefined && typeof query.afterId === 'string') return [query.groupId, query.afterId];
  if (query.cursor === undefined || query.cursor === null) return null;

  const parts = decode(query.cursor);
  const [shape, ...key] = parts;
  if (shape !== shapeOf(query) || key.length !== orderOf(query).columns.length || !key.every(isKeyValue)) {
    throw new InvalidCursor('the cursor is not of this query; begin again without one');
  }
  return key;
}

/** The cursor that continues after the document with this sort key. */
export function toCursor(query: Query, last: SortKey): string {
  return Buffer.from(JSON.stringify([shapeOf(query), ...last])).toString('base64url');
}

/** Everything that decides which documents come in which order; a page's length may change on the way. */
function shapeOf(query: Query): string {
  const conditions = (query.where ?? []).map(({ field, is, value }) => JSON.stringify([field, is, value]));
  const shape = [query.type, query.groupId ?? null, query.orderBy ?? 'id', conditions.toSorted()];
  return createHash('sha256').update(JSON.stringify(shape)).digest('base64url').slice(0, 16);
}

function decode(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

function isKeyValue(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
