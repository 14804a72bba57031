// The port's queries over rows in memory: what matches, in order, a page of it.
import type { Condition, FleetDocument, Page, Query, Stored } from '../ports/document-store.ts';
import type { Row } from './memory-rows.ts';
import { orderOf, startOf, toCursor } from './query-cursor.ts';
import type { Order, SortKey } from './query-cursor.ts';

export function toStored<D extends FleetDocument>(row: Row): Stored<D> {
  return { document: JSON.parse(row.content.json) as D, version: toVersion(row) };
}

/** No two writes have the same sequence, so a document's is a version that never comes back. */
export function toVersion(row: Row): string {
  return String(row.sequence);
}

/** The query's page of `rows`, which are those of its type (and group, if it names one), in no order. */
export function pageOf<D extends FleetDocument>(rows: Iterable<Row>, query: Query): Page<D> {
  const order = orderOf(query);
  const start = startOf(query);

  const matches: { key: SortKey; row: Row }[] = [];
  for (const row of rows) {
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
