// One database's prepared statements, each prepared once. The texts come from the adapter and are few: values
// are always bound.
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

export class SqliteStatements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The first row, or null if there is none. */
  one(text: string, ...values: SQLInputValue[]): SqliteRow | null {
    return this.#prepare(text).get(...values) ?? null;
  }

  all(text: string, ...values: SQLInputValue[]): SqliteRow[] {
    return this.#prepare(text).all(...values);
  }

  /** Returns how many rows it changed. */
  run(text: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(text).run(...values).changes);
  }

  #prepare(text: string): StatementSync {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    this.#prepared.set(text, statement);
    return statement;
  }
}
