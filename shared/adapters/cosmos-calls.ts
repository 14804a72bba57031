// Every call to Cosmos DB: bounded in time, counted in request units, waiting when it is told to. What is repeated here was
// certainly not done; a write whose answer was lost never is.
import { StoreUnavailable } from '../ports/document-store.ts';
import { failureOf, isThrottled, isWorthRepeating, toPortError } from './cosmos-failure.ts';
import type { CosmosFailure } from './cosmos-failure.ts';
import { pause } from './pause.ts';

export type CosmosOperation = 'read' | 'write' | 'query' | 'count';

export interface CosmosCallOptions {
  /** The longest that a call takes, waits included. */
  readonly callMillisecondsMax?: number;
  /**
   * The longest that a call waits because it is told to come later: in all, or since an answer brought it further. What
   * would take longer is told on.
   */
  readonly waitMillisecondsMax?: number;
  /** Told what each answer cost. */
  readonly onCharge?: (operation: CosmosOperation, requestUnits: number) => void;
}

const CALL_MILLISECONDS_MAX = 15_000;
/** Those who call are machines and functions, with nobody waiting: better late than turned away. */
const WAIT_MILLISECONDS_MAX = 5000;
const WAIT_MILLISECONDS_DEFAULT = 1000;
const REPEATS_MAX = 5;
const REPEAT_MILLISECONDS = 20;

export interface CallContext {
  readonly abortSignal: AbortSignal;
  /** To be told what an answer within the call cost. */
  readonly charge: (requestUnits: number) => void;
  /** To be told of an answer that the next attempt goes on after: what was waited, and tried, before it counts no more. */
  readonly progressed: () => void;
}

export class CosmosCalls {
  readonly #callMillisecondsMax: number;
  readonly #waitMillisecondsMax: number;
  readonly #onCharge: NonNullable<CosmosCallOptions['onCharge']>;

  constructor(options: CosmosCallOptions) {
    this.#callMillisecondsMax = options.callMillisecondsMax ?? CALL_MILLISECONDS_MAX;
    this.#waitMillisecondsMax = options.waitMillisecondsMax ?? WAIT_MILLISECONDS_MAX;
    this.#onCharge = options.onCharge ?? (() => undefined);
  }

  /**
   * Makes the attempt, and again after an answer that says "not now". It does nothing but ask: whatever it throws is taken
   * for Cosmos DB's answer, or for none.
   * @throws StoreThrottled, StoreUnavailable, or what Cosmos DB refused the call with.
   */
  async run<T>(operation: CosmosOperation, attempt: (context: CallContext) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#callMillisecondsMax);
    try {
      // The library looks at the signal between its requests, and not while it waits for itself.
      return await Promise.race([
        this.#untilAnswered(operation, attempt, controller.signal),
        timedOut(controller.signal),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #untilAnswered<T>(
    operation: CosmosOperation,
    attempt: (context: CallContext) => Promise<T>,
    abortSignal: AbortSignal,
  ): Promise<T> {
    const charge = (requestUnits: number): void => this.#onCharge(operation, requestUnits);
    let waited = 0;
    let attempts = 0;
    const progressed = (): void => {
      waited = 0;
      attempts = 0;
    };
    for (;;) {
      try {
        return await attempt({ abortSignal, charge, progressed });
      } catch (error) {
        const failure = failureOf(error);
        if (failure.requestUnits > 0) charge(failure.requestUnits);
        attempts += 1;
        const wait = waitBefore(failure, attempts);
        if (wait === null || waited + wait > this.#waitMillisecondsMax) throw toPortError(failure);
        waited += wait;
        await pause(wait, abortSignal);
      }
    }
  }
}

async function timedOut(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw new StoreUnavailable('Cosmos DB did not answer in time');
}

/** Null when it would be no use, or not safe. */
function waitBefore(failure: CosmosFailure, attempts: number): number | null {
  if (isThrottled(failure)) return failure.waitMilliseconds ?? WAIT_MILLISECONDS_DEFAULT;
  if (!isWorthRepeating(failure) || attempts > REPEATS_MAX) return null;
  return failure.waitMilliseconds ?? REPEAT_MILLISECONDS * attempts;
}
