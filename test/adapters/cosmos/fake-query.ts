// Queries over one partition of the fake account. An answer comes after so many documents were looked at, whether they
// match or not: it may be empty and still not the last, and counts are in parts.
import type { FakeContainer, StoredResource } from './fake-container.ts';
import { parseStatement } from './sql-syntax.ts';
import type { SortField, Statement } from './sql-syntax.ts';
import { compareKeys, valueOf } from './sql-values.ts';
import type { ParameterValues, Resource } from './sql-values.ts';

export interface QueryBody {
  readonly query: string;
  readonly parameters?: readonly { readonly name: string; readonly value: unknown }[];
}

export interface QueryPage {
  readonly documents: readonly unknown[];
  readonly continuation: string | null;
}

/** Statements that Cosmos DB answers with 400. */
export class BadQuery extends Error {}

interface Row {
  readonly key: readonly unknown[];
  readonly resource: Resource;
}

export function queryPage(
  container: FakeContainer,
  rows: readonly StoredResource[],
  body: QueryBody,
  limits: { readonly items: number; readonly examined: number; readonly continuation: string | null },
): QueryPage {
  const statement = parsed(body);
  assertIndexed(container, statement.orderBy);
  const parameters: ParameterValues = new Map(
    body.parameters?.map(({ name, value }) => [name, value] as const),
  );
  const fields: SortField[] = [...statement.orderBy, { name: '_rid', descending: false }];
  const remaining = sortedAfter(rows, fields, limits.continuation);

  const matches: Row[] = [];
  let examined = 0;
  for (const row of remaining) {
    if (examined === limits.examined || matches.length === limits.items) break;
    examined += 1;
    if (valueOf(statement.where, [row.resource], parameters) === true) matches.push(row);
  }
  const last = remaining[examined - 1];
  return {
    documents: selected(statement, matches, parameters),
    continuation: last !== undefined && examined < remaining.length ? toToken(last.key) : null,
  };
}

/** Null where there is none, for there is no null in JSON for what a document does not have. */
const toToken = (key: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(key.map((value) => (value === undefined ? [] : value)))).toString('base64');

function sortedAfter(
  rows: readonly StoredResource[],
  fields: readonly SortField[],
  continuation: string | null,
): Row[] {
  const after =
    continuation === null
      ? null
      : (JSON.parse(Buffer.from(continuation, 'base64').toString()) as unknown[]).map((value) =>
          Array.isArray(value) ? undefined : value,
        );
  return rows
    .map(({ resource }): Row => ({
      resource,
      key: fields.map(({ name }) => (resource as Resource)[name]),
    }))
    .filter(({ key }) => after === null || compareKeys(key, after, fields) > 0)
    .toSorted((one, other) => compareKeys(one.key, other.key, fields));
}

function selected(statement: Statement, matches: readonly Row[], parameters: ParameterValues): unknown[] {
  const { items, groupBy } = statement;
  const resources = matches.map(({ resource }) => resource);
  if (items === null) return resources;
  const groups =
    groupBy === null
      ? resources.map((resource) => [resource])
      : Map.groupBy(resources, (resource) => JSON.stringify(resource[groupBy])).values();
  return [...groups].map((documents) =>
    Object.fromEntries(
      items.map(({ alias, expression }) => [alias, valueOf(expression, documents, parameters)]),
    ),
  );
}

export function needsPlan(body: QueryBody): boolean {
  const { groupBy, orderBy } = parsed(body);
  return groupBy !== null || orderBy.length > 0;
}

function parsed(body: QueryBody): Statement {
  try {
    return parseStatement(body.query);
  } catch (cause) {
    throw new BadQuery(`Syntax error: ${String(cause)}`, { cause });
  }
}

/** An order over several fields has to have its composite index, forwards or backwards. */
function assertIndexed(container: FakeContainer, orderBy: readonly SortField[]): void {
  if (orderBy.length < 2) return;
  const wanted = (isReversed: boolean): string =>
    JSON.stringify(
      orderBy.map(({ name, descending }) => [
        `/${name}`,
        descending === isReversed ? 'ascending' : 'descending',
      ]),
    );
  const { compositeIndexes = [] } = container.definition.indexingPolicy ?? {};
  const served = compositeIndexes.map((paths) =>
    JSON.stringify(paths.map(({ path, order }) => [path, order])),
  );
  if (served.some((each) => each === wanted(false) || each === wanted(true))) return;
  throw new BadQuery(
    'The order by query does not have a corresponding composite index that it can be served from.',
  );
}
