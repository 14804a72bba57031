// Where documents live: one container, partitioned by group, so that what belongs to a group changes
// together. Promises: a write that was acknowledged is durable; a batch is applied whole or not at all;
// a reader never sees half a batch. Callers decide on what they read and write with the version they read.

/** The kinds of document in the container; `type` of each. */
export type DocumentType =
  | 'group'
  | 'key'
  | 'machine'
  | 'enrollmentToken'
  | 'event'
  | 'job'
  | 'notification'
  | 'connection'
  | 'run'
  | 'fleetMetrics'
  | 'feedPulse';

/**
 * What every document carries. `id` is unique within `groupId`, of 1 to 255 characters out of `[A-Za-z0-9:_.-]`, and
 * neither `.` nor `..`.
 */
export interface FleetDocument {
  readonly type: DocumentType;
  readonly id: string;
  readonly groupId: string;
}

/** A document as read, with its opaque version: it changes at every write of the document, and only then. */
export interface Stored<D extends FleetDocument = FleetDocument> {
  readonly document: D;
  readonly version: string;
}

export type WriteOperation =
  | { readonly kind: 'create'; readonly document: FleetDocument }
  | { readonly kind: 'replace'; readonly document: FleetDocument; readonly version: string }
  | { readonly kind: 'delete'; readonly id: string; readonly version: string };

/** Fields that may be filtered on; adapters index for these alone. */
export type QueryField =
  | 'status'
  | 'membership'
  | 'keyDeliveryStatus'
  | 'agentVersion'
  | 'lastHeartbeatDate'
  | 'nextActionOn'
  | 'machineId';

export interface Condition {
  readonly field: QueryField;
  readonly is: '=' | '!=' | '<' | '<=' | '>' | '>=';
  /** Documents without the field (or with null in it) match no condition on it, `!=` included. */
  readonly value: string | number;
}

export interface Query {
  readonly type: DocumentType;
  /** One group's documents; without it, all groups' (for people and timers, never on a machine's path). */
  readonly groupId?: string;
  /** All of them must hold. */
  readonly where?: readonly Condition[];
  /**
   * `id` (default): by group id, then id, ascending. `nextActionOn`: soonest first. `newest`: by
   * `occurredOn`, then `id`, descending. Documents without the field are left out. Ties are broken by group id and id.
   */
  readonly orderBy?: 'id' | 'nextActionOn' | 'newest';
  /** 1 to 1000. */
  readonly limit: number;
  /** From the page before, of the same query; anything else is refused with `InvalidCursor`. */
  readonly cursor?: string | null;
  /** Starts after this document id; only with `groupId` and `orderBy: 'id'`, instead of a cursor. */
  readonly afterId?: string | null;
}

export interface Page<D extends FleetDocument = FleetDocument> {
  readonly items: readonly Stored<D>[];
  /** Where the next page begins; null when there is none. A page may be shorter than its limit and still have a next. */
  readonly cursor: string | null;
}

/** Bounds of one batch, as Cosmos DB sets them: operations, and bytes of their documents' JSON in UTF-8. */
export const BATCH_OPERATIONS_MAX = 100;
export const BATCH_BYTES_MAX = 2_000_000;

export interface DocumentStore {
  /**
   * A point read: the document as last acknowledged (by this instance; other instances' writes may be seen
   * a moment later), or null if there is none. Changing what is returned never changes the store.
   */
  read<D extends FleetDocument>(groupId: string, id: string): Promise<Stored<D> | null>;

  /**
   * Applies one group's operations (1 to {@link BATCH_OPERATIONS_MAX}) atomically and durably, in order, and returns the new version of
   * each document (null for a deleted one). Every document must be of `groupId`, and named once.
   * @throws WriteConflict when any operation's precondition fails; nothing is applied.
   * @throws StoreThrottled or StoreUnavailable: it may or may not have been applied. Callers read again and
   *   decide anew; repeating the very same operations is safe, and conflicts if they had been applied.
   */
  write(groupId: string, operations: readonly WriteOperation[]): Promise<readonly (string | null)[]>;

  /** One page of the documents that match. Each is as acknowledged; two pages may be of different moments. */
  query<D extends FleetDocument>(query: Query): Promise<Page<D>>;

  /**
   * How many documents of `type` in a group hold each value of `field`; those without the field are not counted. With null
   * instead of a group, of all groups: for timers, never on anyone's path.
   */
  countBy(
    groupId: string | null,
    type: DocumentType,
    field: QueryField,
  ): Promise<ReadonlyMap<string, number>>;

  /** Waits for writes under way, then lets go of files and connections. Any later call fails with StoreUnavailable. */
  close(): Promise<void>;
}

/** A precondition failed: the document exists already, is gone, or has another version. */
export class WriteConflict extends Error {
  override readonly name = 'WriteConflict';
  /** Index into the operations of the batch. */
  readonly operation: number;
  readonly reason: 'exists' | 'missing' | 'version';
  constructor(operation: number, reason: 'exists' | 'missing' | 'version') {
    super(`operation ${operation} of the batch conflicts: ${reason}`);
    this.operation = operation;
    this.reason = reason;
  }
}

/** The store asks to come back later. */
export class StoreThrottled extends Error {
  override readonly name = 'StoreThrottled';
  readonly afterSeconds: number;
  constructor(afterSeconds: number) {
    super(`the store is throttled; try again in ${afterSeconds} s`);
    this.afterSeconds = afterSeconds;
  }
}

/** The store could not be reached, or did not answer; a write may have been applied. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The cursor does not belong to this query. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';
}
