// The port's queries as SQL, in the form that the indexes of the schema answer without sorting.
import type { Condition, DocumentType, Query, QueryField } from '../ports/document-store.ts';
import { orderOf } from './query-cursor.ts';
import type { SortKey } from './query-cursor.ts';

export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/**
 * The page after `start`, and one document more, which tells whether another page follows. Rows have `json`,
 * `sequence` and the columns of the order. The query has been checked: names in it become part of the text.
 */
export function toSelect(query: Query, start: SortKey | null): Sql {
  const order = orderOf(query);
  const terms = [term('type = ?', query.type), ...(query.where ?? []).flatMap(conditionTerms)];
  if (query.groupId !== undefined) terms.push(term('groupId = ?', query.groupId));

  // Within one group its id decides nothing, and must not be in the comparison that the index is to begin at.
  const columns = order.columns.filter((column) => column !== 'groupId' || query.groupId === undefined);
  const [first = 'id'] = columns;
  if (first !== 'id' && first !== 'groupId') terms.push(term(`${first} IS NOT NULL`));
  if (start !== null) {
    const values = start.filter((_, index) => columns.includes(order.columns[index] ?? 'id'));
    const places = values.map(() => '?').join(', ');
    terms.push(term(`(${columns.join(', ')}) ${order.descending ? '<' : '>'} (${places})`, ...values));
  }

  const direction = order.descending ? ' DESC' : '';
  const text =
    `SELECT json, sequence, ${order.columns.join(', ')} FROM documents` +
    ` WHERE ${terms.map((each) => each.text).join(' AND ')}` +
    ` ORDER BY ${order.columns.map((column) => `${column}${direction}`).join(', ')} LIMIT ?`;
  return { text, values: [...terms.flatMap((each) => each.values), query.limit + 1] };
}

/** Rows of `value` and `count`, one for each value of the field in a group; in all groups when it is null. */
export function toCount(groupId: string | null, type: DocumentType, field: QueryField): Sql {
  const terms = [term('type = ?', type), term(`${field} IS NOT NULL`)];
  if (groupId !== null) terms.push(term('groupId = ?', groupId));
  const text =
    `SELECT ${field} AS value, count(*) AS count FROM documents` +
    ` WHERE ${terms.map((each) => each.text).join(' AND ')} GROUP BY ${field}`;
  return { text, values: terms.flatMap((each) => each.values) };
}

function term(text: string, ...values: (string | number)[]): Sql {
  return { text, values };
}

/** SQLite orders all numbers before all text; the port compares neither with the other. */
function conditionTerms({ field, is, value }: Condition): Sql[] {
  const compared = term(`${field} ${is} ?`, value);
  if (is === '=') return [compared];
  const kinds = typeof value === 'string' ? `('text')` : `('integer', 'real')`;
  return [compared, term(`typeof(${field}) IN ${kinds}`)];
}
