// What became of a call that failed, in the port's words. A definite answer is told from one that never came: only
// after the first may anyone say that nothing was written.
import { StoreThrottled, StoreUnavailable } from '../ports/document-store.ts';

/** An answer of Cosmos DB's that is no success. Its status is null when there was no answer that could be read. */
export interface CosmosFailure {
  readonly status: number | null;
  readonly substatus: number;
  /** How long to wait before coming again; null when it does not say. */
  readonly waitMilliseconds: number | null;
  readonly requestUnits: number;
  readonly message: string;
  readonly cause: unknown;
}

type LibraryError = Error & {
  readonly code?: unknown;
  readonly substatus?: unknown;
  readonly retryAfterInMs?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
};

/** The failure that the library threw. */
export function failureOf(thrown: unknown): CosmosFailure {
  const error = withoutWrapping(thrown);
  // A query over several partitions replaces the headers; the change feed's errors have nothing but them.
  const { code, substatus, retryAfterInMs, headers } = error as LibraryError;
  return {
    status: typeof code === 'number' ? code : null,
    substatus: numberOrNull(substatus ?? headers?.['x-ms-substatus']) ?? 0,
    waitMilliseconds: numberOrNull(retryAfterInMs ?? headers?.['x-ms-retry-after-ms']),
    requestUnits: numberOrNull(headers?.['x-ms-request-charge']) ?? 0,
    message: error.message,
    cause: error,
  };
}

/** A batch's failure comes wrapped in an error that tells nothing but the message. */
function withoutWrapping(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  return thrown.message.startsWith('Batch request error') && thrown.cause instanceof Error
    ? thrown.cause
    : thrown;
}

function numberOrNull(text: unknown): number | null {
  const value = text === undefined || text === null || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

export const isThrottled = ({ status }: CosmosFailure): boolean => status === 429;

/** Not done, because another request was in its way, or the replica asked is behind this session: it may go well at once. */
export function isWorthRepeating({ status, substatus }: CosmosFailure): boolean {
  return status === 449 || isBehindSession({ status, substatus });
}

/** It is not "there is none": the library would drop the session and read whatever is there. */
function isBehindSession({ status, substatus }: Pick<CosmosFailure, 'status' | 'substatus'>): boolean {
  return status === 404 && substatus === 1002;
}

/** The account moves to another region, or is not known here yet. */
function isMoving({ status, substatus }: CosmosFailure): boolean {
  return status === 403 && (substatus === 3 || substatus === 1008);
}

/** What the port throws for it. What waiting does not mend, such as a missing permission, stays what it is. */
export function toPortError(failure: CosmosFailure): unknown {
  const { status, waitMilliseconds, message, cause } = failure;
  if (status === 429 || status === 449) {
    return new StoreThrottled(Math.max(1, Math.ceil((waitMilliseconds ?? 0) / 1000)));
  }
  const isPassing = status === null || status === 408 || status === 410 || status >= 500;
  if (isPassing || isBehindSession(failure) || isMoving(failure)) {
    return new StoreUnavailable(`Cosmos DB did not answer: ${message}`, { cause });
  }
  return cause;
}
