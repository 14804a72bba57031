// A document store that puts down with every event and job which call it came of, as a W3C `traceparent`, so that whoever works
// it off can say so; and that counts the events that were written. It keeps every promise of the store beneath it. While
// nobody records traces it changes nothing.
import type { DocumentStore, FleetDocument, WriteOperation } from '../ports/document-store.ts';
import { presentTraceParent } from '../telemetry/invocations.ts';
import { recordEvent } from '../telemetry/measures.ts';

export function tracedDocumentStore(store: DocumentStore): DocumentStore {
  return {
    read: (groupId, id) => store.read(groupId, id),
    async write(groupId, operations) {
      const versions = await store.write(groupId, stamped(operations));
      for (const each of operations) if (each.kind === 'create') countEvent(each.document);
      return versions;
    },
    query: (query) => store.query(query),
    countBy: (groupId, type, field) => store.countBy(groupId, type, field),
    close: () => store.close(),
  };
}

function stamped(operations: readonly WriteOperation[]): readonly WriteOperation[] {
  const traceParent = presentTraceParent();
  if (traceParent === null) return operations;
  return operations.map((each) =>
    each.kind === 'create' && isLeftBehind(each.document)
      ? { ...each, document: { ...each.document, traceParent } }
      : each,
  );
}

function isLeftBehind({ type }: FleetDocument): boolean {
  return type === 'event' || type === 'job';
}

interface CountedEvent extends FleetDocument {
  readonly kind?: unknown;
  readonly keyDeliveryStatus?: { readonly to?: unknown } | null;
}

function countEvent(document: CountedEvent): void {
  if (document.type !== 'event') return;
  const status = document.keyDeliveryStatus?.to;
  recordEvent(String(document.kind), typeof status === 'string' ? status : null);
}
