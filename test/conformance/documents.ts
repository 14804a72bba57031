// The documents that the suites write.
import type {
  DocumentStore,
  DocumentType,
  FleetDocument,
  Stored,
} from '../../shared/ports/document-store.ts';

export type TestDocument = FleetDocument & Readonly<Record<string, unknown>>;

export function newDocument(
  groupId: string,
  id: string,
  fields: Readonly<Record<string, unknown>> = {},
  type: DocumentType = 'machine',
): TestDocument {
  return { ...fields, type, id, groupId };
}

/** Creates them one batch a group, or more where there are many. */
export async function createAll(store: DocumentStore, documents: readonly TestDocument[]): Promise<void> {
  for (const [groupId, members = []] of Object.entries(Object.groupBy(documents, (each) => each.groupId))) {
    for (let start = 0; start < members.length; start += 100) {
      const batch = members.slice(start, start + 100);
      await store.write(
        groupId,
        batch.map((document) => ({ kind: 'create', document })),
      );
    }
  }
}

export async function readPresent(
  store: DocumentStore,
  groupId: string,
  id: string,
): Promise<Stored<TestDocument>> {
  const stored = await store.read<TestDocument>(groupId, id);
  if (stored === null) throw new Error(`${groupId}/${id} is not there`);
  return stored;
}
