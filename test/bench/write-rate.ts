// The store's own rate, for the fan-out to be compared with: the same batches, written as fast as the store takes them.
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { SERVICE_ACTOR } from '../../shared/domain/event.ts';
import type { Group } from '../../shared/domain/group.ts';
import { GROUP_DOCUMENT_ID } from '../../shared/domain/group.ts';
import { applyTransition } from '../../shared/domain/group-transition.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import type { DocumentStore, Stored, WriteOperation } from '../../shared/ports/document-store.ts';
import { statusChange } from '../../shared/services/status-changes.ts';

/** Machines of a batch; each takes two operations. */
const MACHINES_PER_BATCH = 50;
/** Batches made ready before the clock runs. */
const BATCHES_READY = 200;
/** Enough for the store to commit as many together as it does. */
const IN_FLIGHT = 16;

/**
 * How many documents a second the store takes when nothing else is done: for every machine of the group the batches that
 * a fan-out of an opened window writes, machine and event.
 */
export async function groupedWriteRate(file: string, groupId: string, now: Instant): Promise<number> {
  const store = sqliteDocumentStore({ file });
  const stored = await store.read<Group>(groupId, GROUP_DOCUMENT_ID);
  if (stored === null) throw new Error('the group has not been seeded');
  const group = applyTransition(stored.document, { kind: 'openWindow', reason: 'OperatorRequested' }, now);
  let documents = 0;
  let milliseconds = 0;
  let cursor: string | null = null;
  do {
    const ready: WriteOperation[][] = [];
    do {
      const page: Awaited<ReturnType<typeof membersAfter>> = await membersAfter(store, groupId, cursor);
      ready.push(page.items.flatMap((machine) => pending(machine, group, now)));
      cursor = page.cursor;
    } while (cursor !== null && ready.length < BATCHES_READY);
    const startedAt = performance.now();
    await writeAll(store, groupId, ready);
    milliseconds += performance.now() - startedAt;
    for (const batch of ready) documents += batch.length;
  } while (cursor !== null);
  await store.close();
  return (documents / milliseconds) * 1000;
}

function membersAfter(store: DocumentStore, groupId: string, cursor: string | null) {
  return store.query<Machine>({ type: 'machine', groupId, limit: MACHINES_PER_BATCH, cursor });
}

function pending({ document, version }: Stored<Machine>, group: Group, now: Instant): WriteOperation[] {
  const after: Machine = { ...document, keyDeliveryStatus: 'PendingNewKey' };
  return [
    { kind: 'replace', document: after, version },
    ...statusChange(document, after, group, SERVICE_ACTOR, now),
  ];
}

async function writeAll(store: DocumentStore, groupId: string, ready: readonly WriteOperation[][]) {
  const waiting = ready.values();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (const batch of waiting) await store.write(groupId, batch);
    }),
  );
}
