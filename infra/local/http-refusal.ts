// What this host answers by itself: problem documents (RFC 9457) with the service's codes, so that a client need not
// know who refused it.
import type { ServerResponse } from 'node:http';
import { Problem, problemDocument } from '../../shared/api/problem.ts';

/** After which a host that stops, or has too much to do, is worth another try. */
const RETRY_SECONDS = 5;

export function notFound(): Problem {
  return new Problem('NotFound', 'No route has this path and method.');
}

export function overloaded(detail: string): Problem {
  return new Problem('Overloaded', detail, { retryAfterSeconds: RETRY_SECONDS });
}

export function failed(cause: unknown): Problem {
  return new Problem('InternalError', 'The service failed; it has written down why.', { cause });
}

/** Answers with the problem, without whatever else was to be said. */
export function refuse(response: ServerResponse, problem: Problem): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const body = Buffer.from(JSON.stringify(problemDocument(problem)));
  const { retryAfterSeconds } = problem;
  // What is left of the request's body is not read, so the connection cannot be used again.
  if (!response.req.complete) response.shouldKeepAlive = false;
  if (retryAfterSeconds !== null) response.setHeader('retry-after', retryAfterSeconds);
  response.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
