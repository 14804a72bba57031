// Whether indexes say what the documents say: each query that an index answers, against a filter over all documents.
import { isDeepStrictEqual } from 'node:util';
import type {
  DocumentStore,
  FleetDocument,
  Page,
  Query,
  QueryField,
} from '../../shared/ports/document-store.ts';
import { LOAD_GROUPS, LOAD_TYPES } from './load.ts';

const FIELDS: readonly QueryField[] = [
  'status',
  'membership',
  'keyDeliveryStatus',
  'agentVersion',
  'nextActionOn',
  'machineId',
];

type Fields = Readonly<Partial<Record<QueryField | 'occurredOn', string | null>>>;

interface Row {
  readonly groupId: string;
  readonly id: string;
  readonly fields: Fields;
}

/** Queries whose answer is not what the documents, which are all that there are, say. */
export async function disagreements(
  store: DocumentStore,
  documents: readonly FleetDocument[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const type of LOAD_TYPES) {
    const rows = documents
      .filter((document) => document.type === type)
      .map((document): Row => ({ ...document, fields: document as Fields }));
    for (const { groupId } of [...LOAD_GROUPS, { groupId: undefined }]) {
      const own = rows.filter((row) => groupId === undefined || row.groupId === groupId);
      const scope = { type, limit: 1000, ...(groupId !== undefined && { groupId }) };
      wrong.push(...(await wrongAnswers(store, scope, own)));
      if (groupId !== undefined) wrong.push(...(await wrongCounts(store, groupId, type, own)));
    }
  }
  return wrong;
}

async function wrongAnswers(store: DocumentStore, scope: Query, rows: readonly Row[]): Promise<string[]> {
  const wrong: string[] = [];
  async function compare(query: Query, expected: readonly Row[]): Promise<void> {
    const names = expected.map(nameOf);
    if (!isDeepStrictEqual(await answerOf(store, query), names)) {
      wrong.push(`${JSON.stringify(query)} does not answer ${names.length} documents as it should`);
    }
  }
  await compare(scope, rows.toSorted(by('groupId', 'id')));
  for (const field of FIELDS) {
    for (const value of new Set(rows.map(({ fields }) => fields[field]))) {
      if (!value) continue;
      const matching = rows.filter(({ fields }) => fields[field] === value);
      const where = [{ field, is: '=', value }] as const;
      await compare({ ...scope, where }, matching.toSorted(by('groupId', 'id')));
      await compare({ ...scope, where, orderBy: 'newest' }, newest(matching));
    }
  }
  const due = rows.filter(({ fields }) => fields.nextActionOn);
  await compare({ ...scope, orderBy: 'nextActionOn' }, due.toSorted(by('nextActionOn', 'groupId', 'id')));
  await compare({ ...scope, orderBy: 'newest' }, newest(rows));
  return wrong;
}

function newest(rows: readonly Row[]): Row[] {
  const told = rows.filter(({ fields }) => fields.occurredOn);
  return told.toSorted(by('occurredOn', 'id', 'groupId')).toReversed();
}

async function wrongCounts(
  store: DocumentStore,
  groupId: string,
  type: Query['type'],
  rows: readonly Row[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const field of FIELDS) {
    const known = rows.filter(({ fields }) => fields[field]);
    const expected = Map.groupBy(known, ({ fields }) => fields[field] ?? '');
    const counts = [...expected].map(([value, members]) => [value, members.length] as const);
    if (isDeepStrictEqual(await store.countBy(groupId, type, field), new Map(counts))) continue;
    wrong.push(`${groupId} counts its ${type} documents by ${field} wrongly`);
  }
  return wrong;
}

async function answerOf(store: DocumentStore, query: Query): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await store.query({ ...query, cursor });
    names.push(...page.items.map(({ document }) => nameOf(document)));
    cursor = page.cursor;
  } while (cursor !== null);
  return names;
}

function nameOf({ groupId, id }: { readonly groupId: string; readonly id: string }): string {
  return `${groupId}/${id}`;
}

type Key = 'groupId' | 'id' | 'nextActionOn' | 'occurredOn';

function by(...keys: readonly Key[]): (one: Row, other: Row) => number {
  const valueOf = (row: Row, key: Key): string =>
    key === 'groupId' || key === 'id' ? row[key] : (row.fields[key] ?? '');
  return (one, other) => {
    for (const key of keys) {
      const [left, right] = [valueOf(one, key), valueOf(other, key)];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };
}
