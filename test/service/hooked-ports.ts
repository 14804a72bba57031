// Store, vault and queue in memory, every call of which a test can count, hold up or let fail: before it happened, and after.
import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { memoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import type { Query, WriteOperation } from '../../shared/ports/document-store.ts';
import { StoreUnavailable } from '../../shared/ports/document-store.ts';
import { VaultUnavailable } from '../../shared/ports/package-vault.ts';
import { QueueUnavailable } from '../../shared/ports/work-queue.ts';
import { START } from './running-service.ts';
import type { TestSystem } from './running-service.ts';

export type PortCall =
  | { readonly kind: 'store.read'; readonly groupId: string; readonly id: string }
  | { readonly kind: 'store.write'; readonly operations: readonly WriteOperation[] }
  | { readonly kind: 'store.query'; readonly query: Query }
  | { readonly kind: 'store.countBy' }
  | { readonly kind: 'vault.put' | 'vault.get' | 'vault.delete' | 'vault.list' | 'vault.probe' }
  | { readonly kind: 'queue.send'; readonly message: unknown; readonly afterSeconds: number }
  | { readonly kind: 'queue.waiting' | 'queue.deadLetters' | 'queue.redrive' };

export type Hook = (call: PortCall) => void | Promise<void>;

/** What it throws is what the caller of the port gets: from `before` nothing has happened, from `after` it has. */
export interface Hooks {
  before: Hook;
  after: Hook;
}

const nothing: Hook = () => {};

export interface HookedPorts {
  readonly parts: Pick<TestSystem, 'store' | 'feed' | 'vault' | 'queue' | 'clock'>;
  /** Set the hooks that are given, and take the others away. */
  hook(hooks: Partial<Hooks>): void;
  /** While they rest the feeds show nothing, so that nothing goes on beside the call that is looked at. */
  restFeeds(resting: boolean): void;
}

export function hookedPorts(): HookedPorts {
  const memory = memoryDocumentStore();
  const packages = memoryPackageVault();
  const clock = manualClock(START);
  const queue = memoryWorkQueue(clock);
  let hooks: Hooks = { before: nothing, after: nothing };
  let resting = false;

  async function through<T>(call: PortCall, act: () => Promise<T>): Promise<T> {
    const { before, after } = hooks;
    await before(call);
    const result = await act();
    await after(call);
    return result;
  }

  return {
    hook: (given) => {
      hooks = { before: nothing, after: nothing, ...given };
    },
    restFeeds: (rest) => {
      resting = rest;
    },
    parts: {
      clock,
      feed: {
        changes: async (after, limit) =>
          resting ? { documents: [], position: after ?? '0' } : memory.changes(after, limit),
        checkpoint: (consumer) => memory.checkpoint(consumer),
        saveCheckpoint: (consumer, position) => memory.saveCheckpoint(consumer, position),
      },
      store: {
        read: (groupId, id) => through({ kind: 'store.read', groupId, id }, () => memory.read(groupId, id)),
        write: (groupId, operations) =>
          through({ kind: 'store.write', operations }, () => memory.write(groupId, operations)),
        query: (query) => through({ kind: 'store.query', query }, () => memory.query(query)),
        countBy: (groupId, type, field) =>
          through({ kind: 'store.countBy' }, () => memory.countBy(groupId, type, field)),
        close: () => memory.close(),
      },
      vault: {
        put: (name, pkcs12, dates) => through({ kind: 'vault.put' }, () => packages.put(name, pkcs12, dates)),
        get: (name) => through({ kind: 'vault.get' }, () => packages.get(name)),
        delete: (name) => through({ kind: 'vault.delete' }, () => packages.delete(name)),
        list: (groupId) => through({ kind: 'vault.list' }, () => packages.list(groupId)),
        probe: () => through({ kind: 'vault.probe' }, () => packages.probe()),
      },
      queue: {
        send: (message, afterSeconds) =>
          through({ kind: 'queue.send', message, afterSeconds }, () => queue.send(message, afterSeconds)),
        waiting: () => through({ kind: 'queue.waiting' }, () => queue.waiting()),
        deadLetters: () => through({ kind: 'queue.deadLetters' }, () => queue.deadLetters()),
        redrive: (limit) => through({ kind: 'queue.redrive' }, () => queue.redrive(limit)),
        deliver: (handle) => queue.deliver(handle),
      },
    },
  };
}

/** What a port throws when it cannot be reached, or fails after it has done what was asked. */
export function unavailable({ kind }: PortCall): Error {
  if (kind.startsWith('vault.')) return new VaultUnavailable('by the test');
  if (kind.startsWith('queue.')) return new QueueUnavailable('by the test');
  return new StoreUnavailable('by the test');
}

/** Calls of each kind that `act` causes; the feeds rest meanwhile. */
export async function countCalls(
  ports: HookedPorts,
  act: () => Promise<unknown>,
): Promise<Partial<Record<PortCall['kind'], number>>> {
  const counts: Partial<Record<PortCall['kind'], number>> = {};
  ports.hook({
    before: ({ kind }) => {
      counts[kind] = (counts[kind] ?? 0) + 1;
    },
  });
  ports.restFeeds(true);
  await act();
  ports.restFeeds(false);
  ports.hook({});
  return counts;
}
