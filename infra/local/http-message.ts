// Between node:http and the messages a Functions host exchanges with its functions.
import type { IncomingMessage } from 'node:http';
import { Problem } from '../../shared/api/problem.ts';
import type { HttpCookie, HttpData, NullableString, TraceContext } from './rpc.ts';

/** The client went away before its request was complete. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

const AUTHORITY = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const TRACE_PARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The absolute URL the client asked for.
 * @throws Problem `InvalidRequest`
 */
export function requestUrl(request: IncomingMessage): URL {
  const { host } = request.headers;
  const target = request.url ?? '';
  if (host === undefined || !AUTHORITY.test(host) || !target.startsWith('/')) throw malformed();
  const url = URL.parse(`http://${host}${target}`);
  if (url === null) throw malformed();
  return url;
}

function malformed(): Problem {
  return new Problem('InvalidRequest', 'The Host header or the target of the request is malformed.');
}

function tooLarge(limit: number): Problem {
  return new Problem('BodyTooLarge', `The body must be at most ${limit} bytes.`);
}

/**
 * The whole body.
 * @throws Problem `BodyTooLarge` as soon as it is known to be longer than `limit` bytes.
 * @throws ClientGone
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { 'content-length': announced, 'transfer-encoding': chunked } = request.headers;
  if (announced === undefined && chunked === undefined) return Buffer.alloc(0);
  if (Number(announced ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const onCut = (): void => reject(new ClientGone('the request was cut off'));
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
    else reject(tooLarge(limit));
  });
  request.once('end', () => {
    request.off('close', onCut);
    resolve(Buffer.concat(chunks));
  });
  request.once('error', (error) => reject(new ClientGone('the request was cut off', { cause: error })));
  request.once('close', onCut);
  return promise;
}

function nullable(entries: Iterable<readonly [string, string]>): Record<string, NullableString> {
  return Object.fromEntries(Array.from(entries, ([key, value]) => [key, { value }]));
}

/** A key that is repeated has its values joined by commas, and letters' case does not tell keys apart. */
function mergeQuery(query: URLSearchParams): Map<string, string> {
  const merged = new Map<string, string>();
  const spelling = new Map<string, string>();
  for (const [key, value] of query) {
    const name = spelling.get(key.toLowerCase()) ?? key;
    spelling.set(key.toLowerCase(), name);
    const before = merged.get(name);
    merged.set(name, before === undefined ? value : `${before},${value}`);
  }
  return merged;
}

/** The request as a function's host hands it over; its body always as bytes, as for Node workers in Azure. */
export function toHttpData(
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
  body: Buffer,
): HttpData {
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  );
  return {
    method: request.method ?? 'GET',
    url: url.href,
    nullableHeaders: nullable(headers),
    nullableParams: nullable(Object.entries(params)),
    nullableQuery: nullable(mergeQuery(url.searchParams)),
    ...(body.length > 0 ? { body: { bytes: body } } : {}),
  };
}

/** The caller's trace, if it sent a well-formed one. */
export function traceContextOf(request: IncomingMessage): { traceContext?: TraceContext } {
  const { traceparent, tracestate } = request.headers;
  if (typeof traceparent !== 'string' || !TRACE_PARENT.test(traceparent)) return {};
  const traceState = typeof tracestate === 'string' ? { traceState: tracestate } : {};
  return { traceContext: { traceParent: traceparent, ...traceState } };
}

const SAME_SITE = { none: null, lax: 'Lax', strict: 'Strict', explicitNone: 'None' } as const;

/** One `Set-Cookie` value (RFC 6265). */
export function toSetCookie(cookie: HttpCookie): string {
  const sameSite = SAME_SITE[cookie.sameSite ?? 'none'];
  return [
    `${cookie.name ?? ''}=${encodeURIComponent(cookie.value ?? '')}`,
    ...(cookie.domain ? [`Domain=${cookie.domain.value}`] : []),
    ...(cookie.path ? [`Path=${cookie.path.value}`] : []),
    ...(cookie.expires ? [`Expires=${new Date(cookie.expires.value.seconds * 1000).toUTCString()}`] : []),
    ...(cookie.maxAge ? [`Max-Age=${cookie.maxAge.value}`] : []),
    ...(cookie.secure?.value ? ['Secure'] : []),
    ...(cookie.httpOnly?.value ? ['HttpOnly'] : []),
    ...(sameSite === null ? [] : [`SameSite=${sameSite}`]),
  ].join('; ');
}

/** The bytes of a response's body; none for an absent one. */
export function bodyBytes(body: HttpData['body']): Uint8Array {
  if (body === null || body === undefined) return new Uint8Array();
  return body.bytes ?? Buffer.from(body.string ?? body.json ?? '');
}
