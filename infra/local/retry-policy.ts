// Repeats an invocation as the retry policy of its registration says, on real time.
import { pause } from '../../shared/adapters/pause.ts';
import type { RegisteredFunction } from './functions-core.ts';
import { describeError, type HostLog } from './host-log.ts';
import type { Invoker } from './invocation.ts';
import type { RetryContext, RetryOptions, TypedData } from './rpc.ts';

/** A policy of no delay must not keep a processor busy: the library rounds delays to whole seconds. */
const DELAY_MILLISECONDS_MIN = 50;

/** How long to wait before the retry of that number, from 1. */
export function retryDelayMilliseconds(options: RetryOptions, retryCount: number): number {
  const seconds =
    options.retryStrategy === 'fixedDelay'
      ? (options.delayInterval?.seconds ?? 0)
      : Math.min(
          (options.minimumInterval?.seconds ?? 0) * 2 ** Math.min(retryCount - 1, 30),
          options.maximumInterval?.seconds ?? Infinity,
        );
  return Math.max(seconds * 1000, DELAY_MILLISECONDS_MIN);
}

function retryContext(retryCount: number, maxRetryCount: number, error: unknown): RetryContext {
  const message = error instanceof Error ? error.message : String(error);
  const stackTrace = error instanceof Error ? (error.stack ?? '') : '';
  return { retryCount, maxRetryCount, exception: { message, stackTrace } };
}

/** The host stopped before the function succeeded or its retries were used up. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Invokes until the function succeeds.
 * @throws the last error once the retries are used up (at once without a policy).
 * @throws Interrupted when `signal` aborts while waiting for the next retry.
 */
export async function invokeWithRetries(
  { invoker, log }: { readonly invoker: Invoker; readonly log: HostLog },
  fn: RegisteredFunction,
  input: TypedData,
  signal: AbortSignal,
): Promise<void> {
  const { name, retryOptions } = fn.metadata;
  let context: { retryContext?: RetryContext } = {};
  for (let retryCount = 1; ; retryCount++) {
    try {
      await invoker.invoke(fn, input, context);
      return;
    } catch (error) {
      const { maxRetryCount = 0 } = retryOptions ?? {};
      if (retryOptions === undefined || (maxRetryCount !== -1 && retryCount > maxRetryCount)) throw error;
      const delay = retryDelayMilliseconds(retryOptions, retryCount);
      const message = `the function failed and is tried again in ${delay / 1000} s: ${describeError(error)}`;
      log({ level: 'warning', source: name, message });
      context = { retryContext: retryContext(retryCount, maxRetryCount, error) };
      await pause(delay, signal);
      if (signal.aborted) throw new Interrupted(`${name} was interrupted between retries`, { cause: error });
    }
  }
}
