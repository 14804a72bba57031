// Store, vault and queue in memory that write down every call with what it read and wrote, and what that would cost in Cosmos DB. The
// host's feeds stay empty: whoever measures hands the changes to the feeds' functions himself, so that nothing goes on beside.
import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { memoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import type { MemoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import type { PackageVault } from '../../shared/ports/package-vault.ts';
import { START } from '../service/running-service.ts';
import type { TestSystem } from '../service/running-service.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import type {
  DocumentStore,
  FleetDocument,
  Query,
  WriteOperation,
} from '../../shared/ports/document-store.ts';
import {
  bytesOf,
  countUnits,
  createUnits,
  deleteUnits,
  feedUnits,
  queryUnits,
  readUnits,
  replaceUnits,
} from './costs-request-units.ts';

/** Functions on the change feed: each reads every change. */
export const FEED_CONSUMERS = 2;

export interface Cost {
  /** Point reads. */
  reads: number;
  queries: number;
  /** Counts over a group's machines by status. */
  counts: number;
  batches: number;
  /** In all batches. */
  operations: number;
  /** Written, as Cosmos DB would store it. */
  bytes: number;
  vaultCalls: string[];
  queueCalls: string[];
  requestUnits: number;
  /** What the change feed costs afterwards that shows what was written. */
  feedRequestUnits: number;
}

export interface MeteredPorts {
  readonly parts: Pick<TestSystem, 'store' | 'feed' | 'vault' | 'queue' | 'clock'>;
  /** Has the store refuse the next write: it is too busy. */
  beBusy(): void;
  /** The cost of what `act` does. */
  measure(act: () => Promise<unknown>): Promise<Cost>;
  /** What was written since it was last asked. */
  newChanges(): Promise<readonly FleetDocument[]>;
}

export function meteredPorts(): MeteredPorts {
  const memory = memoryDocumentStore();
  const clock = manualClock(START);
  let isBusy = false;
  const busyStore: DocumentStore = {
    ...memory,
    async write(groupId, operations) {
      const wasBusy = isBusy;
      isBusy = false;
      if (wasBusy) throw new StoreThrottled(1);
      return memory.write(groupId, operations);
    },
  };
  let cost = newCost();
  let position: string | null = null;
  return {
    parts: {
      clock,
      store: meteredStore(busyStore, () => cost),
      vault: meteredVault(() => cost),
      queue: meteredQueue(memoryWorkQueue(clock), () => cost),
      feed: { ...memory, changes: async (after) => ({ documents: [], position: after ?? '0' }) },
    },
    beBusy: () => void (isBusy = true),
    async measure(act) {
      const measured = newCost();
      cost = measured;
      await act();
      cost = newCost();
      return measured;
    },
    async newChanges() {
      const changes = await memory.changes(position, 1_000_000);
      position = changes.position;
      return changes.documents;
    },
  };
}

function newCost(): Cost {
  return {
    reads: 0,
    queries: 0,
    counts: 0,
    batches: 0,
    operations: 0,
    bytes: 0,
    vaultCalls: [],
    queueCalls: [],
    requestUnits: 0,
    feedRequestUnits: 0,
  };
}

function meteredStore(memory: DocumentStore, present: () => Cost): DocumentStore {
  return {
    async read<D extends FleetDocument>(groupId: string, id: string) {
      const stored = await memory.read<D>(groupId, id);
      const cost = present();
      cost.reads++;
      cost.requestUnits += readUnits(stored?.document ?? null);
      return stored;
    },
    async write(groupId, operations) {
      const before = await Promise.all(operations.map((each) => memory.read(groupId, idOf(each))));
      const versions = await memory.write(groupId, operations);
      const cost = present();
      cost.batches++;
      for (const [index, operation] of operations.entries()) {
        addOperation(cost, operation, before[index]?.document ?? null);
      }
      return versions;
    },
    async query<D extends FleetDocument>(query: Query) {
      const page = await memory.query<D>(query);
      const cost = present();
      cost.queries++;
      cost.requestUnits += queryUnits(page.items.map(({ document }) => document));
      return page;
    },
    async countBy(groupId, type, field) {
      const counts = await memory.countBy(groupId, type, field);
      const cost = present();
      cost.counts++;
      cost.requestUnits += countUnits([...counts.values()].reduce((sum, count) => sum + count, 0));
      return counts;
    },
    close: () => memory.close(),
  };
}

function idOf(operation: WriteOperation): string {
  return operation.kind === 'delete' ? operation.id : operation.document.id;
}

function addOperation(cost: Cost, operation: WriteOperation, before: FleetDocument | null): void {
  cost.operations++;
  if (operation.kind === 'create') cost.requestUnits += createUnits(operation.document);
  else if (before === null) throw new Error('what is replaced or deleted was there');
  else if (operation.kind === 'replace') cost.requestUnits += replaceUnits(before, operation.document);
  else cost.requestUnits += deleteUnits(before);
  // The feed shows no deletions.
  if (operation.kind === 'delete') return;
  cost.bytes += bytesOf(operation.document);
  cost.feedRequestUnits += feedUnits(operation.document, FEED_CONSUMERS);
}

function meteredQueue(queue: MemoryWorkQueue, present: () => Cost): MemoryWorkQueue {
  function counted<T>(call: string, act: () => Promise<T>): Promise<T> {
    present().queueCalls.push(call);
    return act();
  }
  return {
    send: (message, afterSeconds) => counted('send', () => queue.send(message, afterSeconds)),
    waiting: () => counted('count', () => queue.waiting()),
    deadLetters: () => counted('count', () => queue.deadLetters()),
    redrive: (limit) => counted('redrive', () => queue.redrive(limit)),
    deliver: (handle) => queue.deliver(handle),
  };
}

function meteredVault(present: () => Cost): PackageVault {
  const packages = memoryPackageVault();
  function counted<T>(call: string, act: () => Promise<T>): Promise<T> {
    present().vaultCalls.push(call);
    return act();
  }
  return {
    put: (name, pkcs12, dates) => counted('put', () => packages.put(name, pkcs12, dates)),
    get: (name) => counted('get', () => packages.get(name)),
    delete: (name) => counted('delete', () => packages.delete(name)),
    list: (groupId) => counted('list', () => packages.list(groupId)),
    probe: () => counted('probe', () => packages.probe()),
  };
}
