// A document store as several instances of the service see one Cosmos DB container under session consistency: what an
// instance wrote it reads; what others wrote it may see some seconds later, in order, whole batches, and never the other
// way round. Writes are decided on what is really there. Faults are another file's: this one only keeps and shows.
import { WriteConflict } from '../../shared/ports/document-store.ts';
import type {
  DocumentType,
  FleetDocument,
  Page,
  Query,
  QueryField,
  Stored,
  WriteOperation,
} from '../../shared/ports/document-store.ts';
import { prepareBatch } from '../../shared/adapters/document-batch.ts';
import type { BatchOperation, Content } from '../../shared/adapters/document-batch.ts';
import { pageOf, toStored, toVersion } from '../../shared/adapters/memory-query.ts';
import type { Row } from '../../shared/adapters/memory-rows.ts';
import { checkField, checkQuery } from '../../shared/adapters/query-cursor.ts';

/** A document at one moment of its history; its content is null from its deletion on. */
interface Revision {
  readonly sequence: number;
  readonly writtenAt: number;
  readonly content: Content | null;
}

interface Partition {
  /** The last batch that everybody sees, and all since: each by the sequence of its last write. */
  batches: { readonly sequence: number; readonly writtenAt: number }[];
  /** By type, then id; the newest revision last. */
  readonly documents: Map<DocumentType, Map<string, Revision[]>>;
  readonly types: Map<string, DocumentType>;
  /** Every write, in order: what the change feed shows. */
  readonly log: { readonly sequence: number; readonly id: string }[];
}

/** What a batch did to one document. */
export interface DocumentChange {
  readonly id: string;
  readonly before: FleetDocument | null;
  readonly after: FleetDocument | null;
  /** As it was written; empty for a deletion. */
  readonly json: string;
}

/** A document as the change feed shows it. */
export interface FeedChange {
  /** Of its last write. */
  readonly sequence: number;
  readonly document: FleetDocument;
}

/** Told of every batch as it is applied. */
export type CommitListener = (groupId: string, changes: readonly DocumentChange[]) => void;

/** The last sequence of a group that a reader is shown. */
export type View = (groupId: string) => number;

const NOW: View = () => Infinity;

/** The longest that an instance does not see what another wrote, milliseconds. */
export const LAG_MILLISECONDS_MAX = 5_000;

export class SessionStore {
  readonly #partitions = new Map<string, Partition>();
  readonly #now: () => number;
  readonly #onCommit: CommitListener;
  #sequence = 0;

  constructor(now: () => number, onCommit: CommitListener = () => undefined) {
    this.#now = now;
    this.#onCommit = onCommit;
  }

  /** @throws WriteConflict, with nothing applied. */
  write(groupId: string, operations: readonly WriteOperation[]): (string | null)[] {
    const batch = prepareBatch(groupId, operations);
    const partition = this.#partition(groupId);
    for (const [index, operation] of batch.entries()) {
      const conflict = conflictOf(operation, this.#row(groupId, operation.id, Infinity));
      if (conflict !== null) throw new WriteConflict(index, conflict);
    }
    const changes = batch.map((operation) => this.#apply(groupId, partition, operation));
    partition.batches.push({ sequence: this.#sequence, writtenAt: this.#now() });
    this.#onCommit(groupId, changes);
    return batch.map(({ kind, id }) => {
      const row = kind === 'delete' ? null : this.#row(groupId, id, Infinity);
      return row && toVersion(row);
    });
  }

  read<D extends FleetDocument>(groupId: string, id: string, view: View = NOW): Stored<D> | null {
    const row = this.#row(groupId, id, view(groupId));
    return row && toStored<D>(row);
  }

  query<D extends FleetDocument>(query: Query, view: View = NOW): Page<D> {
    checkQuery(query);
    return pageOf<D>(this.#rows(query.type, query.groupId, view), query);
  }

  countBy(
    groupId: string | null,
    type: DocumentType,
    field: QueryField,
    view: View = NOW,
  ): Map<string, number> {
    checkField(field);
    const counts = new Map<string, number>();
    for (const { content } of this.#rows(type, groupId ?? undefined, view)) {
      const value = content.fields[field];
      if (value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
    }
    return counts;
  }

  get groupIds(): string[] {
    return [...this.#partitions.keys()];
  }

  /** One group's changes after `after`, the latest of each document, ascending. */
  changesOf(groupId: string, after: number, limit: number): FeedChange[] {
    const changes: FeedChange[] = [];
    const { log } = this.#partition(groupId);
    for (let index = firstAfter(log, after); index < log.length && changes.length < limit; index += 1) {
      const { sequence, id } = log[index] ?? { sequence: 0, id: '' };
      const row = this.#row(groupId, id, Infinity);
      if (row?.sequence === sequence) changes.push({ sequence, document: toStored(row).document });
    }
    return changes;
  }

  /** Of the group's last batch that every instance sees by now, and of its last batch at all. */
  bounds(groupId: string): { readonly oldest: number; readonly newest: number } {
    const partition = this.#partition(groupId);
    const since = this.#now() - LAG_MILLISECONDS_MAX;
    const first = partition.batches.findLastIndex(({ writtenAt }) => writtenAt <= since);
    if (first > 0) partition.batches = partition.batches.slice(first);
    const oldest = first < 0 ? 0 : (partition.batches[0]?.sequence ?? 0);
    return { oldest, newest: partition.batches.at(-1)?.sequence ?? 0 };
  }

  /** Documents of a type as they are, in no order. */
  documents<D extends FleetDocument>(type: DocumentType, groupId?: string): D[] {
    return [...this.#rows(type, groupId, NOW)].map((row) => toStored<D>(row).document);
  }

  #partition(groupId: string): Partition {
    const known = this.#partitions.get(groupId);
    if (known !== undefined) return known;
    const made: Partition = { batches: [], documents: new Map(), types: new Map(), log: [] };
    this.#partitions.set(groupId, made);
    return made;
  }

  #apply(groupId: string, partition: Partition, operation: BatchOperation): DocumentChange {
    const { id } = operation;
    const before = this.#row(groupId, id, Infinity);
    this.#sequence += 1;
    const content = operation.kind === 'delete' ? null : operation.content;
    const type = content?.type ?? before?.content.type ?? 'group';
    const documents = partition.documents.get(type) ?? new Map<string, Revision[]>();
    const since = this.#now() - LAG_MILLISECONDS_MAX;
    const revisions = documents.get(id) ?? [];
    // Whoever lags behind may still be shown the last one from before, and all since.
    const kept = revisions.filter(
      (_, index) => (revisions[index + 1]?.writtenAt ?? Infinity) > since || index === revisions.length - 1,
    );
    documents.set(id, [...kept, { sequence: this.#sequence, writtenAt: this.#now(), content }]);
    partition.documents.set(type, documents);
    partition.types.set(id, type);
    if (content !== null) partition.log.push({ sequence: this.#sequence, id });
    return {
      id,
      before: before && toStored(before).document,
      after: content && (JSON.parse(content.json) as FleetDocument),
      json: content?.json ?? '',
    };
  }

  #row(groupId: string, id: string, seen: number): Row | null {
    const partition = this.#partition(groupId);
    const type = partition.types.get(id);
    const revisions = type && partition.documents.get(type)?.get(id);
    return revisions ? rowOf(groupId, id, revisions, seen) : null;
  }

  *#rows(type: DocumentType, groupId: string | undefined, view: View): Iterable<Row> {
    for (const each of groupId === undefined ? this.groupIds : [groupId]) {
      const seen = view(each);
      for (const [id, revisions] of this.#partition(each).documents.get(type) ?? []) {
        const row = rowOf(each, id, revisions, seen);
        if (row !== null) yield row;
      }
    }
  }
}

/** How far one instance sees each group. */
export class Session {
  readonly #seen = new Map<string, number>();
  readonly #store: SessionStore;
  readonly #lags: () => boolean;

  /** @param lags whether the instance is behind at this read. */
  constructor(store: SessionStore, lags: () => boolean) {
    this.#store = store;
    this.#lags = lags;
  }

  /** Never less than at the read before. */
  readonly view: View = (groupId) => {
    const { oldest, newest } = this.#store.bounds(groupId);
    const seen = Math.max(this.#seen.get(groupId) ?? 0, this.#lags() ? oldest : newest);
    this.#seen.set(groupId, seen);
    return seen;
  };

  /** It wrote: from now on it sees that. */
  wrote(groupId: string): void {
    this.#seen.set(groupId, this.#store.bounds(groupId).newest);
  }
}

function rowOf(groupId: string, id: string, revisions: readonly Revision[], seen: number): Row | null {
  const revision = revisions.findLast(({ sequence }) => sequence <= seen);
  return revision?.content ? { groupId, id, content: revision.content, sequence: revision.sequence } : null;
}

function conflictOf(operation: BatchOperation, row: Row | null): WriteConflict['reason'] | null {
  if (operation.kind === 'create') return row === null ? null : 'exists';
  if (row === null) return 'missing';
  return toVersion(row) === operation.version ? null : 'version';
}

function firstAfter(log: readonly { readonly sequence: number }[], after: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log[middle]?.sequence ?? Infinity) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
