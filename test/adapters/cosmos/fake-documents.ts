// What the fake account answers about the documents of a container.
import type { IncomingMessage } from 'node:http';
import { OPERATION_CHARGE } from './fake-container.ts';
import type { BatchInput, FakeContainer, StoredResource } from './fake-container.ts';
import type { FakeAnswer } from './fake-cosmos.ts';
import type { FakeRequest, Fault, RequestKind } from './fake-faults.ts';
import { BadQuery, needsPlan, queryPage } from './fake-query.ts';
import type { QueryBody } from './fake-query.ts';

export const READ_CHARGE = 1.14;
export const QUERY_CHARGE = 2.83;
const BODY_BYTES_MAX = 2 * 1024 * 1024;
/** What a transaction lasts is bounded: of a change feed nobody gets more at once. */
const FEED_ITEMS_DEFAULT = 100;

export function kindOf({ url = '', method, headers }: IncomingMessage): RequestKind {
  if (!url.includes('/docs')) return 'metadata';
  if (method === 'GET') return headers['a-im'] === undefined ? 'read' : 'feed';
  if (headers['x-ms-cosmos-is-batch-request'] !== undefined) return 'batch';
  if (headers['x-ms-cosmos-is-query-plan-request'] !== undefined) return 'plan';
  return headers['x-ms-documentdb-isquery'] === undefined ? 'upsert' : 'query';
}

export function answerDocuments(
  container: FakeContainer,
  id: string | null,
  request: FakeRequest,
  fault: Fault | undefined,
  examinedPerAnswer: number,
): FakeAnswer {
  switch (request.kind) {
    case 'read':
      return readAnswer(container, id ?? '', partitionKeyOf(request) ?? '');
    case 'batch':
      return batchAnswer(container, request, fault);
    case 'upsert':
      return upsertAnswer(container, request);
    case 'feed':
      return feedAnswer(container, request, examinedPerAnswer);
    case 'plan':
      // The library asks for one with every query, and does without where one partition is asked.
      return { status: 400, body: { message: 'there are no plans here' } };
    case 'query':
      return orBadQuery(() => queryAnswer(container, request, examinedPerAnswer));
    case 'metadata':
      throw new Error('not about documents');
  }
}

function partitionKeyOf({ headers }: FakeRequest): string | null {
  const header = headers['x-ms-documentdb-partitionkey'];
  return header === undefined ? null : ((JSON.parse(String(header)) as string[])[0] ?? null);
}

/** What every answer about documents carries: the charge, and the session's position in its physical partition. */
function headersOf(container: FakeContainer, range: number, charge: number): Record<string, string> {
  return {
    'x-ms-request-charge': charge.toFixed(2),
    'x-ms-session-token': container.sessionToken(range),
    'x-ms-content-path': container.rid,
  };
}

function readAnswer(container: FakeContainer, id: string, partitionKey: string): FakeAnswer {
  const headers = headersOf(container, container.rangeOf(partitionKey), READ_CHARGE);
  const found = container.read(partitionKey, id);
  return found === null
    ? { status: 404, body: { message: 'NotFound' }, headers: { ...headers, 'x-ms-substatus': '0' } }
    : { status: 200, body: found.resource, headers };
}

function batchAnswer(container: FakeContainer, request: FakeRequest, fault: Fault | undefined): FakeAnswer {
  const inputs = request.body as BatchInput[];
  if (Buffer.byteLength(JSON.stringify(inputs)) > BODY_BYTES_MAX) {
    return { status: 413, body: { message: 'Request size is too large' } };
  }
  const partitionKey = partitionKeyOf(request) ?? '';
  const results =
    fault !== undefined && 'operation' in fault
      ? container.refused(inputs.length, fault.operation, {
          statusCode: fault.status,
          ...(fault.retryAfterMilliseconds !== undefined && {
            retryAfterMilliseconds: fault.retryAfterMilliseconds,
          }),
        })
      : container.apply(partitionKey, inputs);
  const charge = results.reduce((sum, { requestCharge }) => sum + requestCharge, 0);
  return {
    status: results.some(({ statusCode }) => statusCode === 424 || statusCode >= 400) ? 207 : 200,
    body: results,
    headers: headersOf(container, container.rangeOf(partitionKey), charge),
  };
}

function upsertAnswer(container: FakeContainer, request: FakeRequest): FakeAnswer {
  const partitionKey = partitionKeyOf(request) ?? '';
  const resourceBody = request.body as NonNullable<BatchInput['resourceBody']>;
  container.apply(partitionKey, [{ operationType: 'Upsert', resourceBody }]);
  const { resource } = container.read(partitionKey, resourceBody.id) ?? {};
  return {
    status: 200,
    body: resource,
    headers: headersOf(container, container.rangeOf(partitionKey), OPERATION_CHARGE),
  };
}

function queryAnswer(container: FakeContainer, request: FakeRequest, examined: number): FakeAnswer {
  const body = request.body as QueryBody;
  const { headers } = request;
  const partitionKey = partitionKeyOf(request);
  const rangeId = headers['x-ms-documentdb-partitionkeyrangeid'];
  if (partitionKey === null && rangeId === undefined && needsPlan(body)) {
    throw new BadQuery('Cross partition query only supports VALUE <AggregateFunc> for aggregates.');
  }
  const range = partitionKey === null ? Number(rangeId) : container.rangeOf(partitionKey);
  const rows = container
    .resourcesOf(range)
    .filter((each) => partitionKey === null || each.partitionKey === partitionKey);
  const { documents, continuation } = queryPage(container, rows, body, {
    items: Number(headers['x-ms-max-item-count'] ?? 100),
    examined,
    continuation: textOrNull(headers['x-ms-continuation']),
  });
  return {
    status: 200,
    body: { _rid: container.rid, Documents: documents, _count: documents.length },
    headers: {
      ...headersOf(container, range, QUERY_CHARGE),
      ...(continuation !== null && { 'x-ms-continuation': continuation }),
    },
  };
}

const textOrNull = (header: string | string[] | undefined): string | null =>
  header === undefined ? null : String(header);

function orBadQuery(answer: () => FakeAnswer): FakeAnswer {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof BadQuery)) throw error;
    return {
      status: 400,
      body: { code: 'BadRequest', message: error.message, additionalErrorInfo: '{}' },
      headers: { 'x-ms-substatus': '1004' },
    };
  }
}

function feedAnswer(container: FakeContainer, { headers }: FakeRequest, examined: number): FakeAnswer {
  const range = Number(headers['x-ms-documentdb-partitionkeyrangeid']);
  const after = Number((headers['if-none-match'] ?? '"0"').replaceAll('"', ''));
  const limit = Number(headers['x-ms-max-item-count'] ?? FEED_ITEMS_DEFAULT);
  const { resources, lsn, ended } = container.changes(range, after, limit, examined);
  return {
    status: resources.length === 0 && ended ? 304 : 200,
    body: { _rid: container.rid, Documents: resources.map(withLsn), _count: resources.length },
    headers: { ...headersOf(container, range, QUERY_CHARGE), etag: `"${lsn}"` },
  };
}

const withLsn = ({ resource, lsn }: StoredResource): unknown => ({ ...resource, _lsn: lsn });
