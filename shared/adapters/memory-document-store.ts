// Documents in this process's memory, for tests: the whole port but for durability. Documents are kept as
// JSON text, so that what goes in and what comes out is shared with no one.
import { StoreUnavailable, WriteConflict } from '../ports/document-store.ts';
import type { DocumentStore, FleetDocument, Query } from '../ports/document-store.ts';
import type { ChangeFeed } from '../ports/change-feed.ts';
import type { Checkpoints } from '../ports/checkpoints.ts';
import { prepareBatch } from './document-batch.ts';
import type { BatchOperation } from './document-batch.ts';
import { pageOf, toStored, toVersion } from './memory-query.ts';
import { MemoryRows } from './memory-rows.ts';
import type { Row } from './memory-rows.ts';
import { checkField, checkQuery } from './query-cursor.ts';
import { sequenceChanges } from './sequence-feed.ts';

export function memoryDocumentStore(): DocumentStore & ChangeFeed & Checkpoints {
  const rows = new MemoryRows();
  const positions = new Map<string, string>();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreUnavailable('the store is closed');
  }

  return {
    async read<D extends FleetDocument>(groupId: string, id: string) {
      assertOpen();
      const row = rows.get(groupId, id);
      return row === null ? null : toStored<D>(row);
    },

    async write(groupId, operations) {
      assertOpen();
      const batch = prepareBatch(groupId, operations);
      for (const [index, operation] of batch.entries()) {
        const conflict = conflictOf(operation, rows.get(groupId, operation.id));
        if (conflict !== null) throw new WriteConflict(index, conflict);
      }
      return batch.map((operation) => {
        if (operation.kind !== 'delete') return toVersion(rows.put(groupId, operation.id, operation.content));
        rows.delete(groupId, operation.id);
        return null;
      });
    },

    async query<D extends FleetDocument>(query: Query) {
      assertOpen();
      checkQuery(query);
      return pageOf<D>(rows.of(query.type, query.groupId), query);
    },

    async countBy(groupId, type, field) {
      assertOpen();
      checkField(field);
      const counts = new Map<string, number>();
      for (const row of rows.of(type, groupId ?? undefined)) {
        const value = row.content.fields[field];
        if (value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
      }
      return counts;
    },

    async changes(after, limit) {
      assertOpen();
      return sequenceChanges(after, limit, (sequence) =>
        rows
          .since(sequence, limit)
          .map((row) => ({ sequence: row.sequence, document: toStored<FleetDocument>(row).document })),
      );
    },

    async checkpoint(consumer) {
      assertOpen();
      return positions.get(consumer) ?? null;
    },

    async saveCheckpoint(consumer, position) {
      assertOpen();
      positions.set(consumer, position);
    },

    async close() {
      closed = true;
    },
  };
}

function conflictOf(operation: BatchOperation, row: Row | null): WriteConflict['reason'] | null {
  if (operation.kind === 'create') return row === null ? null : 'exists';
  if (row === null) return 'missing';
  return toVersion(row) === operation.version ? null : 'version';
}
