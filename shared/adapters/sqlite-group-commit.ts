// Group commit: pieces of work that are handed in while the loop turns become durable with one COMMIT, and so
// share its sync. Each has a savepoint of its own: one's conflict undoes that one alone.
import type { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable, WriteConflict } from '../ports/document-store.ts';
import type { SqliteStatements } from './sqlite-statements.ts';

/** Bounds how long one transaction keeps the loop from everything else. */
const WEIGHT_PER_COMMIT_MAX = 256;

interface Piece {
  readonly weight: number;
  /** Does the work; returns what tells its caller, to be called once it is durable. */
  readonly apply: () => () => void;
  readonly fail: (error: Error) => void;
}

export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #statements: SqliteStatements;
  #queue: Piece[] = [];
  #scheduled = false;

  constructor(database: DatabaseSync, statements: SqliteStatements) {
    this.#database = database;
    this.#statements = statements;
  }

  /**
   * Runs `work` in a transaction and resolves with its result after the COMMIT. A WriteConflict out of `work` undoes
   * what it did and is passed on; when anything else fails, all that share the transaction fail with StoreUnavailable.
   */
  run<T>(weight: number, work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#queue.push({
      weight,
      fail: reject,
      apply: () => {
        try {
          const result = work();
          return () => resolve(result);
        } catch (error) {
          if (!(error instanceof WriteConflict)) throw error;
          this.#statements.run('ROLLBACK TO piece');
          return () => reject(error);
        }
      },
    });
    this.#schedule();
    return promise;
  }

  /** Commits all that is queued, now. */
  drain(): void {
    while (this.#queue.length > 0) this.#commit(this.#take());
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    // Not a microtask: whatever else this turn of the loop brings is to join in.
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#queue.length > 0) this.#commit(this.#take());
      this.#schedule();
    });
  }

  #take(): Piece[] {
    let weight = 0;
    let count = 0;
    for (const piece of this.#queue) {
      weight += piece.weight;
      if (count > 0 && weight > WEIGHT_PER_COMMIT_MAX) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #commit(pieces: readonly Piece[]): void {
    const settlements: (() => void)[] = [];
    try {
      this.#statements.run('BEGIN IMMEDIATE');
      for (const piece of pieces) {
        this.#statements.run('SAVEPOINT piece');
        settlements.push(piece.apply());
        this.#statements.run('RELEASE piece');
      }
      this.#statements.run('COMMIT');
    } catch (cause) {
      this.#rollBack();
      for (const piece of pieces) piece.fail(new StoreUnavailable('the write was not committed', { cause }));
      return;
    }
    for (const settle of settlements) settle();
  }

  #rollBack(): void {
    try {
      // SQLite rolls back by itself on some failures (a full disk, an I/O error).
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // What was not committed must never be read: closing undoes it, and all later calls fail.
      this.#database.close();
    }
  }
}
