// Any sequence of batches leaves what a map of maps would hold, and answers as it would.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WriteConflict } from '../../shared/ports/document-store.ts';
import type { DocumentStore, Query, WriteOperation } from '../../shared/ports/document-store.ts';
import { newDocument } from './documents.ts';
import type { TestDocument } from './documents.ts';
import { openForTest, skipGap } from './opened-store.ts';
import type { OpenStore } from './opened-store.ts';

interface Entry {
  readonly document: TestDocument;
  readonly version: string;
}

const step = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  kind: fc.constantFrom('create' as const, 'replace' as const, 'delete' as const),
  isStale: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 0),
  fields: fc.record({
    keyDeliveryStatus: fc.constantFrom('Default', 'KeyExpired', null, 2),
    nextActionOn: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', null),
    name: fc.string(),
  }),
});
const batch = fc.record({
  group: fc.constantFrom('x', 'y'),
  steps: fc.uniqueArray(step, { minLength: 1, maxLength: 4, selector: (each) => each.id }),
});

class Model {
  readonly #entries = new Map<string, Entry>();

  get(groupId: string, id: string): Entry | null {
    return this.#entries.get(`${groupId}/${id}`) ?? null;
  }

  /** The first conflict, as the port has it; null when the batch is to be applied. */
  conflict(groupId: string, operations: readonly WriteOperation[]): object | null {
    for (const [operation, each] of operations.entries()) {
      const present = this.get(groupId, each.kind === 'delete' ? each.id : each.document.id);
      if (each.kind === 'create' && present !== null) return { operation, reason: 'exists' };
      if (each.kind === 'create') continue;
      if (present === null) return { operation, reason: 'missing' };
      if (present.version !== each.version) return { operation, reason: 'version' };
    }
    return null;
  }

  apply(groupId: string, operations: readonly WriteOperation[], versions: readonly (string | null)[]): void {
    for (const [index, version] of versions.entries()) {
      const operation = operations[index];
      if (operation === undefined) throw new Error('more versions than operations');
      if (operation.kind === 'delete') this.#entries.delete(`${groupId}/${operation.id}`);
      else {
        const document = operation.document as TestDocument;
        this.#entries.set(`${groupId}/${document.id}`, { document, version: version ?? '' });
      }
    }
  }

  members(groupId: string): Entry[] {
    const members = [...this.#entries.values()].filter(({ document }) => document.groupId === groupId);
    return members.toSorted((one, other) => (one.document.id < other.document.id ? -1 : 1));
  }
}

interface Outcome {
  /** Empty when nothing was applied. */
  readonly versions: readonly (string | null)[];
  readonly conflict: object | null;
}

async function outcomeOf(write: Promise<readonly (string | null)[]>): Promise<Outcome> {
  try {
    return { versions: await write, conflict: null };
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
    return { versions: [], conflict: { operation: error.operation, reason: error.reason } };
  }
}

function dueKey({ document }: Entry): string {
  return `${String(document['nextActionOn'])} ${document.id}`;
}

async function compare(store: DocumentStore, model: Model, groupId: string): Promise<void> {
  const members = model.members(groupId);
  const query: Query = { type: 'machine', groupId, limit: 100 };
  expect((await store.query(query)).items).toEqual(members);

  const isDefault = { field: 'keyDeliveryStatus', is: '=', value: 'Default' } as const;
  expect((await store.query({ ...query, where: [isDefault] })).items).toEqual(
    members.filter(({ document }) => document['keyDeliveryStatus'] === 'Default'),
  );

  const due = members.filter(({ document }) => document['nextActionOn'] !== null);
  expect((await store.query({ ...query, orderBy: 'nextActionOn' })).items).toEqual(
    due.toSorted((one, other) => (dueKey(one) < dueKey(other) ? -1 : 1)),
  );

  const counts = Map.groupBy(
    members.filter(({ document }) => document['keyDeliveryStatus'] !== null),
    ({ document }) => String(document['keyDeliveryStatus']),
  );
  expect(await store.countBy(groupId, 'machine', 'keyDeliveryStatus')).toEqual(
    new Map([...counts].map(([value, entries]) => [value, entries.length])),
  );
}

export function describeModel(open: OpenStore<DocumentStore>): void {
  describe('any sequence of batches', () => {
    it('leaves what a simple model holds', async ({ skip }) => {
      const opened = await openForTest(open);
      skipGap(opened, 'conflicts', skip);
      const { store } = opened;
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { maxLength: 12 }), async (batches) => {
          run += 1;
          const model = new Model();
          for (const { group, steps } of batches) {
            const groupId = `${run}${group}`;
            const operations = steps.map(({ id, kind, isStale, fields }): WriteOperation => {
              const version = isStale ? '0' : (model.get(groupId, id)?.version ?? 'none');
              if (kind === 'delete') return { kind, id, version };
              const document = newDocument(groupId, id, fields);
              return kind === 'create' ? { kind, document } : { kind, document, version };
            });
            const conflict = model.conflict(groupId, operations);
            const outcome = await outcomeOf(store.write(groupId, operations));
            expect(outcome.conflict).toEqual(conflict);
            model.apply(groupId, operations, outcome.versions);
          }
          await compare(store, model, `${run}x`);
          await compare(store, model, `${run}y`);
        }),
        { numRuns: opened.isRemote ? 40 : 150 },
      );
    });
  });
}
