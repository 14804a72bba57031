// The port's queries in Cosmos DB's SQL, in forms that the container's composite indexes serve: equalities and the order
// in one ORDER BY, and a page that begins where the last one ended.
import assert from 'node:assert/strict';
import type { SqlParameter, SqlQuerySpec } from '@azure/cosmos';
import type { Condition, DocumentType, Query, QueryField } from '../ports/document-store.ts';
import { COMPOSITE_COLUMNS } from './cosmos-container.ts';
import type { IndexedColumn } from './cosmos-container.ts';
import { orderOf } from './query-cursor.ts';
import type { SortColumn, SortKey } from './query-cursor.ts';

/** The documents after `start`, in order. The query has been checked: names in it become part of the text. */
export function toSelect(query: Query, start: SortKey | null): SqlQuerySpec {
  const { columns, descending } = orderOf(query);
  const fixed = fixedColumns(query);
  const parameters = new Parameters();
  const terms = [
    ...scopeTerms(parameters, query.type, query.groupId ?? null),
    ...(query.where ?? []).flatMap((condition) => conditionTerms(parameters, condition)),
  ];

  const sorted = columns.filter((column) => !fixed.has(column));
  if (start === null) {
    // Leaves out documents without the field, as a range of the index.
    const [first] = sorted;
    if (first !== undefined && first !== 'id' && first !== 'groupId') terms.push(`c.${first} >= ""`);
  } else {
    const values = start.filter((_, index) => sorted.includes(columns[index] ?? 'id'));
    terms.push(...afterTerms(parameters, sorted, values, descending));
  }

  const direction = descending ? 'DESC' : 'ASC';
  const order = compositeOf(query, fixed, sorted).map((column) => `c.${column} ${direction}`);
  const text = `SELECT * FROM c WHERE ${terms.join(' AND ')} ORDER BY ${order.join(', ')}`;
  return { query: text, parameters: parameters.list };
}

/** Rows of `counted` and `documents`; the same value may come in several of them. */
export function toCount(groupId: string | null, type: DocumentType, field: QueryField): SqlQuerySpec {
  const parameters = new Parameters();
  const terms = [
    ...scopeTerms(parameters, type, groupId),
    `(IS_STRING(c.${field}) OR IS_NUMBER(c.${field}))`,
  ];
  const text =
    `SELECT c.${field} AS counted, COUNT(1) AS documents FROM c` +
    ` WHERE ${terms.join(' AND ')} GROUP BY c.${field}`;
  return { query: text, parameters: parameters.list };
}

/** Where a document stands in the order of the query, which left out those that have no such place. */
export function keyOf(query: Query, document: Readonly<Record<string, unknown>>): SortKey {
  return orderOf(query).columns.map((column) => document[column] as string);
}

/** Documents that the query found, from wherever they came, as it orders them. */
export function inOrder<R extends Readonly<Record<string, unknown>>>(query: Query, found: readonly R[]): R[] {
  const later = orderOf(query).descending ? -1 : 1;
  return found.toSorted((one, other) => later * compareKeys(keyOf(query, one), keyOf(query, other)));
}

function compareKeys(one: SortKey, other: SortKey): number {
  const index = one.findIndex((value, column) => value !== other[column]);
  if (index === -1) return 0;
  return (one[index] ?? '') < (other[index] ?? '') ? -1 : 1;
}

class Parameters {
  readonly list: SqlParameter[] = [];

  /** The name by which the statement calls the value. */
  add(value: string | number): string {
    const name = `@p${this.list.length}`;
    this.list.push({ name, value });
    return name;
  }
}

function scopeTerms(parameters: Parameters, type: DocumentType, groupId: string | null): string[] {
  const terms = [`c.type = ${parameters.add(type)}`];
  // The request names its partition as well: that is what it is sent to, this what the composite indexes begin with.
  if (groupId !== null) terms.push(`c.groupId = ${parameters.add(groupId)}`);
  return terms;
}

/** Text and numbers never compare but by `!=`, which holds between them. */
function conditionTerms(parameters: Parameters, { field, is, value }: Condition): string[] {
  const compared = `c.${field} ${is} ${parameters.add(value)}`;
  if (is !== '!=') return [compared];
  return [compared, `${typeof value === 'string' ? 'IS_STRING' : 'IS_NUMBER'}(c.${field})`];
}

/** What comes after the values; with a bound on the first column besides, which the index can begin at. */
function afterTerms(
  parameters: Parameters,
  columns: readonly SortColumn[],
  values: SortKey,
  descending: boolean,
): string[] {
  const names = values.map((value) => parameters.add(value));
  const after = descending ? '<' : '>';
  const nested = columns.reduceRight((rest, column, index) => {
    const later = `c.${column} ${after} ${names[index]}`;
    return rest === '' ? later : `(${later} OR (c.${column} = ${names[index]} AND ${rest}))`;
  }, '');
  return columns.length > 1 ? [`c.${columns[0]} ${after}= ${names[0]}`, nested] : [nested];
}

/** Columns that have one value in all that the query finds. */
function fixedColumns(query: Query): ReadonlySet<string> {
  const equalities = (query.where ?? []).filter(({ is }) => is === '=').map(({ field }) => field);
  return new Set([...equalities, 'type', ...(query.groupId === undefined ? [] : ['groupId'])]);
}

/** The composite index with the same order, apart from columns that are fixed; the one that begins with most of these. */
function compositeOf(
  query: Query,
  fixed: ReadonlySet<string>,
  sorted: readonly SortColumn[],
): readonly IndexedColumn[] {
  const candidates: readonly (readonly IndexedColumn[])[] =
    COMPOSITE_COLUMNS[orderOf(query).descending ? 'descending' : 'ascending'];
  const fitting = candidates.filter(
    (columns) => columns.filter((column) => !fixed.has(column)).join() === sorted.join(),
  );
  const leading = (columns: readonly IndexedColumn[]): number => {
    const first = columns.findIndex((column) => !fixed.has(column));
    return first === -1 ? columns.length : first;
  };
  const [best] = fitting.toSorted((one, other) => leading(other) - leading(one));
  assert(best !== undefined, `no composite index serves the order ${sorted.join(', ')}`);
  return best;
}
