// A client of the HTTP contract: one call an operation, typed by its schemas. It retries nothing: who calls knows whether
// a repeat is safe and how long to wait. Every failure is one of three errors: what the service said (a `Problem`), that it
// could not be reached, or that something answered that does not speak this contract.
import type { z } from 'zod';
import { parseInstant } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import { operations } from './operations.ts';
import type { Operation, OperationId } from './operations.ts';
import { Problem, problemSchema } from './problem.ts';
import type { ProblemDocument } from './problem.ts';

type Operations = typeof operations;

export interface CallParts<Id extends OperationId> {
  readonly params?: z.output<Operations[Id]['params']>;
  readonly query?: Partial<z.output<Operations[Id]['query']>>;
  readonly body?: z.input<Operations[Id]['body']>;
  /** Sent as the bearer token. */
  readonly token?: string;
}

export type Answer<Id extends OperationId> = z.output<Operations[Id]['answer']>;

export interface ServiceClient {
  /** @throws Problem (a {@link ReceivedProblem}), ServiceUnreachable, UnexpectedAnswer. */
  call<Id extends OperationId>(id: Id, parts: CallParts<Id>): Promise<Answer<Id>>;
}

export interface ServiceClientOptions {
  /** As from {@link parseServerUrl}. */
  readonly server: string;
  readonly fetch?: typeof globalThis.fetch;
  readonly timeoutMilliseconds?: number;
}

const TIMEOUT_MILLISECONDS_DEFAULT = 30_000;

/** A problem that the service answered with. */
export class ReceivedProblem extends Problem {
  /** The service's clock, where clocks are the matter. */
  readonly serverTime: Instant | null;
  constructor(document: ProblemDocument, retryAfterSeconds: number | null) {
    super(document.code, document.detail, {
      ...(document.errors && { errors: document.errors }),
      ...(retryAfterSeconds !== null && { retryAfterSeconds }),
    });
    this.serverTime = parseInstant(document.serverTime ?? '');
  }
}

/** No answer, or one from a gateway before the service: it may or may not have done what was asked. */
export class ServiceUnreachable extends Error {
  override readonly name = 'ServiceUnreachable';
  readonly retryAfterSeconds: number | null;
  constructor(message: string, options: ErrorOptions & { retryAfterSeconds?: number | null } = {}) {
    super(message, options);
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** Something answered, but not as the contract says: another version, or not this service. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/**
 * A service's address in its one form, without a slash at the end; null for what is no address. Plain `http` is taken
 * for this machine only: tokens must not cross a network in the clear.
 */
export function parseServerUrl(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return null;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal(url))) return null;
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/** Whether a service's address is one of this machine's own. */
export function isOnThisMachine(server: string): boolean {
  return isLocal(new URL(server));
}

function isLocal({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

export function httpServiceClient(options: ServiceClientOptions): ServiceClient {
  const { server } = options;
  const send = options.fetch ?? globalThis.fetch;
  const timeoutMilliseconds = options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS_DEFAULT;

  return {
    async call(id, parts) {
      const operation: Operation = operations[id];
      const { status, headers, text } = await exchange(operation, parts);
      if (status < 200 || status > 299) throw failure(status, headers, decodeJson(text));
      const answer = operation.answer.safeParse(contentOf(operation, status, text));
      if (!answer.success) {
        throw new UnexpectedAnswer(`${server} answered ${id} with something that is not of this contract`, {
          cause: answer.error,
        });
      }
      // The schema that was just applied is the operation's own.
      return answer.data as Answer<typeof id>;
    },
  };

  async function exchange(operation: Operation, { params, query, body, token }: CallParts<OperationId>) {
    const url = `${server}/api/${operationPath(operation, params ?? {})}${queryText(query ?? {})}`;
    try {
      const response = await send(url, {
        method: operation.method,
        headers: {
          accept: `${operation.answerType}, application/problem+json`,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (cause) {
      throw new ServiceUnreachable(`${server} cannot be reached: ${networkReason(cause)}`, { cause });
    }
  }

  function failure(status: number, headers: Headers, content: unknown): Error {
    const retryAfterSeconds = parseRetryAfter(headers.get('retry-after'));
    const problem = problemSchema.safeParse(content);
    if (problem.success) return new ReceivedProblem(problem.data, retryAfterSeconds);
    return status >= 500
      ? new ServiceUnreachable(`${server} answered ${status}`, { retryAfterSeconds })
      : new UnexpectedAnswer(`${server} answered ${status}, and not with a problem of this contract`);
  }
}

function operationPath({ path }: Operation, params: object): string {
  const values: Record<string, unknown> = { ...params };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
}

function queryText(query: object): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) text.append(name, String(value));
  }
  return text.size === 0 ? '' : `?${text.toString()}`;
}

function contentOf({ answerType }: Operation, status: number, text: string): unknown {
  if (status === 204) return undefined;
  return answerType === 'application/json' ? decodeJson(text) : text;
}

function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whether something else was due is for the schemas to say.
    return undefined;
  }
}

/** Seconds; the form with a date, which this service does not use, counts as absent. */
function parseRetryAfter(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

function networkReason(cause: unknown): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return 'it did not answer in time';
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(reason instanceof Error)) return String(reason);
  // A connection that is refused on each of a name's addresses comes as an error without a message.
  return reason.message || ('code' in reason ? String(reason.code) : reason.name);
}
