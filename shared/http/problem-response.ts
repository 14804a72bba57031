// The one place where an error becomes an answer. What is private stays in the log.
import type { HttpResponseInit, InvocationContext } from '@azure/functions';
import { Problem, problemDocument } from '../api/problem.ts';
import type { Instant } from '../domain/instant.ts';
import { InvalidCursor, StoreThrottled, StoreUnavailable } from '../ports/document-store.ts';
import { PackageExists, VaultUnavailable } from '../ports/package-vault.ts';
import { SignInUnavailable } from '../ports/people-authenticator.ts';
import { QueueUnavailable } from '../ports/work-queue.ts';

/** Seconds after which a service that is not available is worth another try, when nothing better is known. */
const RETRY_SECONDS = 10;

export function problemResponse(error: unknown, now: Instant, context: InvocationContext): HttpResponseInit {
  const problem = asProblem(error);
  log(problem, context);
  const tellsTime = problem.code === 'AuthTokenNotYetValid' || problem.code === 'AuthTokenExpired';
  return {
    status: problem.status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(problem.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...(problem.retryAfterSeconds !== null && { 'Retry-After': String(problem.retryAfterSeconds) }),
    },
    body: JSON.stringify(problemDocument(problem, tellsTime ? now : undefined)),
  };
}

/** Any error as a problem; what is unknown becomes a plain 500. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof InvalidCursor) {
    return new Problem('InvalidCursor', 'Start the list again, without a cursor.', { cause: error });
  }
  if (error instanceof StoreThrottled) {
    return new Problem('Overloaded', 'Try again later.', {
      cause: error,
      retryAfterSeconds: error.afterSeconds,
    });
  }
  if (error instanceof StoreUnavailable) return unavailable('StoreUnavailable', error, null);
  if (error instanceof PackageExists) {
    return new Problem(
      'PackageInvalid',
      'Another package was handed in for this certificate; send that one, or make a new key.',
      {
        cause: error,
      },
    );
  }
  if (error instanceof VaultUnavailable) return unavailable('VaultUnavailable', error, error.afterSeconds);
  if (error instanceof QueueUnavailable) return unavailable('QueueUnavailable', error, null);
  if (error instanceof SignInUnavailable) return unavailable('SignInUnavailable', error, error.afterSeconds);
  return new Problem('InternalError', 'The service failed; it has written down why.', { cause: error });
}

function unavailable(
  code: 'StoreUnavailable' | 'VaultUnavailable' | 'QueueUnavailable' | 'SignInUnavailable',
  cause: Error,
  afterSeconds: number | null,
): Problem {
  const detail = 'Nothing is lost: try the same call again later.';
  return new Problem(code, detail, { cause, retryAfterSeconds: afterSeconds ?? RETRY_SECONDS });
}

function log(problem: Problem, context: InvocationContext): void {
  if (problem.status < 500) {
    context.info(`${problem.status} ${problem.code}`);
    return;
  }
  const { cause } = problem;
  context.error(
    `${problem.status} ${problem.code}: ${cause instanceof Error ? cause.stack : problem.message}`,
  );
}
