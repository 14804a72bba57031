// What one part of the container answers to a query, answer by answer. What came is kept while a call waits, or another
// goes on: no answer is paid for twice, and no row is there twice.
import type { Container, SqlQuerySpec } from '@azure/cosmos';
import type { CallContext } from './cosmos-calls.ts';
import type { QueryScope } from './cosmos-scope.ts';

/** What Cosmos DB gives out in one answer at most. */
const ITEMS_PER_ANSWER_MAX = 1000;

export class QueryPart<R> {
  readonly #container: Container;
  readonly #scope: QueryScope;
  readonly #statement: SqlQuerySpec;
  readonly #rows: R[] = [];
  #continuation: string | undefined;
  #hasMore = true;

  constructor(container: Container, scope: QueryScope, statement: SqlQuerySpec) {
    this.#container = container;
    this.#scope = scope;
    this.#statement = statement;
  }

  /** All that came so far, in order. */
  get rows(): readonly R[] {
    return this.#rows;
  }

  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Goes on until there are as many rows as wanted, or no more. An answer may be empty and still not the last. */
  async read(wanted: number, { abortSignal, charge, progressed }: CallContext): Promise<void> {
    const iterator = this.#container.items.query<R>(this.#statement, {
      ...this.#scope,
      abortSignal,
      maxItemCount: Math.min(wanted - this.#rows.length, ITEMS_PER_ANSWER_MAX),
      ...(this.#continuation !== undefined && { continuationToken: this.#continuation }),
    });
    while (this.#hasMore && this.#rows.length < wanted) {
      const { resources, requestCharge, continuationToken } = await iterator.fetchNext();
      charge(requestCharge);
      progressed();
      this.#rows.push(...resources);
      this.#continuation = continuationToken;
      this.#hasMore = iterator.hasMoreResults();
    }
  }
}
