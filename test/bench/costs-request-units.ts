// What Cosmos DB would charge, in request units, for what was counted at the port. Reads, writes and the feed follow Microsoft's
// "Understand request units consumption in Azure Cosmos DB" (April 2026: sizes, 0.2 per indexed term, a replacement being a
// deletion and an insertion); a batch is the sum of its operations. Queries are ASSUMED: Microsoft gives no formula for them.
// One region, session consistency. Only an account in Azure can confirm any of it: every answer there carries its charge.
import { FIELD_COLUMNS } from '../../shared/adapters/document-batch.ts';
import type { FleetDocument } from '../../shared/ports/document-store.ts';

/** By stored size in KB: request units of a point read and of writing it once, without index. */
const BY_SIZE = [
  { kilobytes: 1, read: 1, write: 4.95 },
  { kilobytes: 2, read: 1.04, write: 6.29 },
  { kilobytes: 4, read: 1.14, write: 6.67 },
  { kilobytes: 8, read: 1.33, write: 7.04 },
  { kilobytes: 16, read: 1.67, write: 9.52 },
  { kilobytes: 32, read: 2.19, write: 11.23 },
] as const;

const PER_TERM = 0.2;
/** `_rid`, `_self`, `_etag`, `_attachments` and `_ts`, which Cosmos DB adds to each document. */
const SYSTEM_BYTES = 200;
/** Assumed: what an indexed query costs before it finds anything, in each physical partition that it asks. */
const QUERY_BASE = 2.8;
/** Assumed: index entries counted for one request unit. */
const COUNTED_PER_UNIT = 100;
/** A point read that finds nothing is charged like the smallest. */
const NOTHING_FOUND = 1;

export function bytesOf(document: FleetDocument): number {
  return Buffer.byteLength(JSON.stringify(document)) + SYSTEM_BYTES;
}

export function readUnits(document: FleetDocument | null): number {
  return document === null ? NOTHING_FOUND : bySize(document, 'read');
}

export function createUnits(document: FleetDocument): number {
  return bySize(document, 'write') + PER_TERM * termsOf(document).size;
}

export function deleteUnits(document: FleetDocument): number {
  return createUnits(document);
}

export function replaceUnits(before: FleetDocument, after: FleetDocument): number {
  const [old, fresh] = [termsOf(before), termsOf(after)];
  const changed =
    [...old].filter((term) => !fresh.has(term)).length + [...fresh].filter((term) => !old.has(term)).length;
  return bySize(before, 'write') + bySize(after, 'write') + PER_TERM * changed;
}

/** Assumed: each document that is found is loaded like a point read. */
export function queryUnits(found: readonly FleetDocument[]): number {
  return found.reduce((units, document) => units + readUnits(document), QUERY_BASE);
}

/** Assumed: counted from the index, without loading a document. */
export function countUnits(counted: number): number {
  return QUERY_BASE + counted / COUNTED_PER_UNIT;
}

/** What the change feed costs that shows the document to `consumers`. */
export function feedUnits(document: FleetDocument, consumers: number): number {
  return consumers * readUnits(document);
}

function bySize(document: FleetDocument, kind: 'read' | 'write'): number {
  const kilobytes = bytesOf(document) / 1024;
  const index = BY_SIZE.findIndex((each) => kilobytes <= each.kilobytes);
  const above = BY_SIZE[index];
  if (above === undefined) throw new Error(`${document.id} has ${kilobytes} KB: the table ends before that`);
  const below = BY_SIZE[index - 1];
  if (below === undefined) return above[kind];
  const share = (kilobytes - below.kilobytes) / (above.kilobytes - below.kilobytes);
  return below[kind] + share * (above[kind] - below[kind]);
}

/**
 * Index entries of a document, with an index on what the port's queries filter on and order by, and nothing else; one more for
 * each composite index that an order needs.
 */
function termsOf(document: FleetDocument): Set<string> {
  const values = document as FleetDocument & Readonly<Partial<Record<string, unknown>>>;
  const terms = new Set([`type=${document.type}`]);
  for (const field of FIELD_COLUMNS) {
    const value = values[field];
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    terms.add(`${field}=${value}`);
    if (field === 'nextActionOn' || field === 'occurredOn') terms.add(`(type, ${field})=${value}`);
  }
  return terms;
}
