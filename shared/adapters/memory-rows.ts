// What the in-memory store keeps: rows by group and id, by type, and by the sequence of their last writes.
import type { DocumentType } from '../ports/document-store.ts';
import type { Content } from './document-batch.ts';

export interface Row {
  readonly groupId: string;
  readonly id: string;
  readonly content: Content;
  /** Of the row's last write; no two rows ever have the same. */
  readonly sequence: number;
}

export class MemoryRows {
  readonly #groups = new Map<string, Map<string, Row>>();
  readonly #types = new Map<DocumentType, Set<Row>>();
  /** Ascending by sequence, with rows that were since replaced or deleted among them. */
  #log: Row[] = [];
  #size = 0;
  #sequence = 0;

  get(groupId: string, id: string): Row | null {
    return this.#groups.get(groupId)?.get(id) ?? null;
  }

  put(groupId: string, id: string, content: Content): Row {
    this.delete(groupId, id);
    this.#sequence += 1;
    const row: Row = { groupId, id, content, sequence: this.#sequence };

    const group = this.#groups.get(groupId) ?? new Map<string, Row>();
    this.#groups.set(groupId, group.set(id, row));
    const type = this.#types.get(content.type) ?? new Set<Row>();
    this.#types.set(content.type, type.add(row));
    this.#size += 1;
    this.#log.push(row);
    this.#trimLog();
    return row;
  }

  delete(groupId: string, id: string): void {
    const row = this.get(groupId, id);
    if (row === null) return;
    this.#groups.get(groupId)?.delete(id);
    this.#types.get(row.content.type)?.delete(row);
    this.#size -= 1;
  }

  /** Rows of a type, of one group or of all, in no order. */
  *of(type: DocumentType, groupId: string | undefined): Iterable<Row> {
    if (groupId === undefined) {
      yield* this.#types.get(type) ?? [];
      return;
    }
    for (const row of this.#groups.get(groupId)?.values() ?? []) {
      if (row.content.type === type) yield row;
    }
  }

  /** Up to `limit` rows with a sequence above `after`, ascending. */
  since(after: number, limit: number): Row[] {
    const found: Row[] = [];
    for (let index = this.#firstAfter(after); index < this.#log.length && found.length < limit; index += 1) {
      const row = this.#log[index];
      if (row !== undefined && this.#isCurrent(row)) found.push(row);
    }
    return found;
  }

  #firstAfter(sequence: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.sequence ?? Infinity) > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #isCurrent(row: Row): boolean {
    return this.get(row.groupId, row.id) === row;
  }

  #trimLog(): void {
    if (this.#log.length <= 2 * this.#size + 100) return;
    this.#log = this.#log.filter((row) => this.#isCurrent(row));
  }
}
