// What Cosmos DB keeps of a document, and what it adds to it: the version is its ETag, and the rest stays inside.
import type { FleetDocument, Stored } from '../ports/document-store.ts';

/** A document as Cosmos DB answers it. */
export type CosmosResource = FleetDocument & { readonly _etag: string } & Readonly<Record<string, unknown>>;

const SYSTEM_FIELDS: ReadonlySet<string> = new Set(['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn']);

export function toStored<D extends FleetDocument>(resource: CosmosResource): Stored<D> {
  const { _etag: version } = resource;
  return { document: toDocument(resource) as D, version };
}

export function toDocument(resource: CosmosResource): FleetDocument {
  const fields = Object.entries(resource).filter(([name]) => !SYSTEM_FIELDS.has(name));
  return Object.fromEntries(fields) as unknown as FleetDocument;
}
