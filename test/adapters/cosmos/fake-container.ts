// One container of the fake account: documents by partition key, spread over physical partitions, each of which numbers its
// writes. A batch is checked whole before any of it is applied.
import { createHash, randomUUID } from 'node:crypto';
import type { Resource } from './sql-values.ts';

export interface StoredResource {
  readonly partitionKey: string;
  readonly id: string;
  readonly resource: Resource & { readonly _etag: string; readonly _rid: string };
  /** Of the write that it is from; all of one batch have the same. */
  readonly lsn: number;
}

export interface BatchInput {
  readonly operationType: 'Create' | 'Replace' | 'Delete' | 'Upsert';
  readonly id?: string;
  readonly ifMatch?: string;
  readonly resourceBody?: Resource & { readonly id: string };
}

export interface OperationResult {
  readonly statusCode: number;
  readonly requestCharge: number;
  readonly eTag?: string;
  readonly retryAfterMilliseconds?: number;
}

export interface ContainerDefinition {
  readonly id: string;
  readonly partitionKey: { readonly paths: readonly string[] };
  readonly indexingPolicy?: {
    readonly includedPaths: readonly { readonly path: string }[];
    readonly compositeIndexes?: readonly (readonly { readonly path: string; readonly order: string }[])[];
  };
}

export const OPERATION_CHARGE = 5.29;
const DEPENDENCY_FAILED: OperationResult = { statusCode: 424, requestCharge: 0 };

export class FakeContainer {
  readonly definition: ContainerDefinition;
  /** Of eight bytes, as the library insists. */
  readonly rid = createHash('sha256').update(randomUUID()).digest().subarray(0, 8).toString('base64');
  readonly #ranges: Map<string, StoredResource>[];
  readonly #lsns: number[];
  #rids = 0;

  constructor(definition: ContainerDefinition, ranges: number) {
    this.definition = definition;
    this.#ranges = Array.from({ length: ranges }, () => new Map());
    this.#lsns = this.#ranges.map(() => 0);
  }

  /** The physical partitions as ranges of hashes that follow each other. */
  get ranges(): { readonly id: string; readonly minInclusive: string; readonly maxExclusive: string }[] {
    const bound = (index: number): string =>
      index === 0
        ? ''
        : Math.ceil((index * 256) / this.#ranges.length)
            .toString(16)
            .toUpperCase();
    return this.#ranges.map((_, index) => ({
      id: String(index),
      minInclusive: bound(index),
      maxExclusive: index === this.#ranges.length - 1 ? 'FF' : bound(index + 1),
    }));
  }

  rangeOf(partitionKey: string): number {
    const [hash = 0] = createHash('sha256').update(partitionKey).digest();
    return Math.floor((hash * this.#ranges.length) / 256);
  }

  sessionToken(range: number): string {
    return `${range}:1#${this.#lsns[range]}`;
  }

  read(partitionKey: string, id: string): StoredResource | null {
    return this.#ranges[this.rangeOf(partitionKey)]?.get(keyOf(partitionKey, id)) ?? null;
  }

  /** Of one physical partition, in no order. */
  resourcesOf(range: number): StoredResource[] {
    return [...(this.#ranges[range]?.values() ?? [])];
  }

  /**
   * Up to `limit` changes out of the next `examined` writes after `lsn`, in order; more where a batch would be torn apart,
   * none where all have been written again since. They end when no write comes after them.
   */
  changes(
    range: number,
    lsn: number,
    limit: number,
    examined: number,
  ): { resources: StoredResource[]; lsn: number; ended: boolean } {
    const end = this.#lsns[range] ?? 0;
    const bound = Math.min(end, lsn + examined);
    const later = this.resourcesOf(range).filter((each) => each.lsn > lsn && each.lsn <= bound);
    const sorted = later.toSorted((one, other) => one.lsn - other.lsn);
    const last = sorted[limit - 1]?.lsn ?? bound;
    return { resources: sorted.filter((each) => each.lsn <= last), lsn: last, ended: last === end };
  }

  /** All of them, or none: then the results say which one failed. */
  apply(partitionKey: string, batch: readonly BatchInput[]): OperationResult[] {
    const failed = batch.findIndex((input) => this.#conflict(partitionKey, input) !== null);
    const input = batch[failed];
    if (input !== undefined) {
      return this.refused(batch.length, failed, { statusCode: this.#conflict(partitionKey, input) ?? 0 });
    }
    const range = this.rangeOf(partitionKey);
    const lsn = (this.#lsns[range] ?? 0) + 1;
    this.#lsns[range] = lsn;
    return batch.map((each) => this.#applyOne(range, partitionKey, each, lsn));
  }

  /** The results of a batch of which one operation failed. */
  refused(length: number, failed: number, result: Partial<OperationResult>): OperationResult[] {
    return Array.from({ length }, (_, index) =>
      index === failed ? { statusCode: 500, requestCharge: 1, ...result } : DEPENDENCY_FAILED,
    );
  }

  #conflict(partitionKey: string, input: BatchInput): number | null {
    const found = this.read(partitionKey, input.id ?? input.resourceBody?.id ?? '');
    if (input.operationType === 'Upsert') return null;
    if (input.operationType === 'Create') return found === null ? null : 409;
    if (found === null) return 404;
    const { _etag: etag } = found.resource;
    return input.ifMatch === undefined || input.ifMatch === etag ? null : 412;
  }

  #applyOne(range: number, partitionKey: string, input: BatchInput, lsn: number): OperationResult {
    const id = input.id ?? input.resourceBody?.id ?? '';
    const key = keyOf(partitionKey, id);
    if (input.operationType === 'Delete') {
      this.#ranges[range]?.delete(key);
      return { statusCode: 204, requestCharge: OPERATION_CHARGE };
    }
    const etag = `"${randomUUID()}"`;
    this.#rids += 1;
    const { _rid: rid = `${this.rid}${this.#rids}` } = this.read(partitionKey, id)?.resource ?? {};
    const system = { _rid: rid, _self: `docs/${rid}/`, _etag: etag, _attachments: 'attachments/', _ts: lsn };
    // Deleted first, so that resources stay in the order of their last writes.
    this.#ranges[range]?.delete(key);
    this.#ranges[range]?.set(key, { partitionKey, id, lsn, resource: { ...input.resourceBody, ...system } });
    const statusCode = input.operationType === 'Create' ? 201 : 200;
    return { statusCode, requestCharge: OPERATION_CHARGE, eTag: etag };
  }
}

const keyOf = (partitionKey: string, id: string): string => JSON.stringify([partitionKey, id]);
