// What the fake account is told to do wrong, and what it was asked.
import type { IncomingHttpHeaders } from 'node:http';

/** What a request asks for; `metadata` is all about databases, containers and physical partitions. */
export type RequestKind = 'read' | 'batch' | 'upsert' | 'query' | 'plan' | 'feed' | 'metadata';

export interface FakeRequest {
  readonly kind: RequestKind;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export type Fault =
  /** Refused: nothing is done. */
  | {
      readonly answer: number;
      readonly substatus?: number;
      readonly retryAfterMilliseconds?: number;
      readonly requestCharge?: number;
      /** Instead of Cosmos DB's JSON, as something on the way would answer. */
      readonly text?: string;
    }
  /** A batch is refused for the sake of one operation. */
  | { readonly operation: number; readonly status: number; readonly retryAfterMilliseconds?: number }
  /** The connection breaks: before anything is done, or after all is, before or within the answer. */
  | { readonly breaks: 'before' | 'after' | 'within' }
  /** Done, and never answered. */
  | { readonly silent: true };

export class FakeFaults {
  readonly #queues = new Map<RequestKind, (Fault | null)[]>();

  /** The next requests of that kind fare so, one each; null is for one that goes well. */
  next(kind: RequestKind, ...faults: readonly (Fault | null)[]): void {
    this.#queues.set(kind, [...(this.#queues.get(kind) ?? []), ...faults]);
  }

  clear(): void {
    this.#queues.clear();
  }

  take(kind: RequestKind): Fault | undefined {
    return this.#queues.get(kind)?.shift() ?? undefined;
  }
}
