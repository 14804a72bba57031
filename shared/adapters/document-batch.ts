// A batch as every store takes it: checked against the port's bounds, turned to JSON once, its columns taken
// out. What breaks a bound is a mistake of the caller's and fails an assertion; nothing is written then.
import assert from 'node:assert/strict';
import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX } from '../ports/document-store.ts';
import type { DocumentType, FleetDocument, QueryField, WriteOperation } from '../ports/document-store.ts';

/** What queries filter on or order by: taken out of the document when it is written. */
export const FIELD_COLUMNS = [
  'status',
  'membership',
  'keyDeliveryStatus',
  'agentVersion',
  'lastHeartbeatDate',
  'nextActionOn',
  'machineId',
  'occurredOn',
] as const satisfies readonly (QueryField | 'occurredOn')[];

export type FieldColumn = (typeof FIELD_COLUMNS)[number];
export type ColumnValue = string | number | null;

/** A document as it is kept. A field that is absent, null, or neither text nor a number is null in `fields`. */
export interface Content {
  readonly type: DocumentType;
  readonly json: string;
  readonly fields: Readonly<Record<FieldColumn, ColumnValue>>;
}

export type BatchOperation =
  | { readonly kind: 'create'; readonly id: string; readonly content: Content }
  | { readonly kind: 'replace'; readonly id: string; readonly content: Content; readonly version: string }
  | { readonly kind: 'delete'; readonly id: string; readonly version: string };

/** Ids are part of addresses, where one or two dots by themselves lead elsewhere. */
const ID_FORM = /^(?!\.{1,2}$)[A-Za-z0-9:_.-]{1,255}$/;

/** Whether there can be a document of that id. */
export function isDocumentId(id: string): boolean {
  return ID_FORM.test(id);
}

/** Checks a batch and makes it ready to apply. The caller's documents are not held on to. */
export function prepareBatch(groupId: string, operations: readonly WriteOperation[]): BatchOperation[] {
  assert(typeof groupId === 'string' && groupId !== '', 'a batch belongs to a group');
  assert(
    operations.length >= 1 && operations.length <= BATCH_OPERATIONS_MAX,
    `a batch has 1 to ${BATCH_OPERATIONS_MAX} operations, not ${operations.length}`,
  );
  const prepared = operations.map((operation) => prepareOperation(groupId, operation));

  const ids = new Set(prepared.map((operation) => operation.id));
  assert(ids.size === prepared.length, 'a batch names each document once');

  let bytes = 0;
  for (const operation of prepared) {
    if (operation.kind !== 'delete') bytes += Buffer.byteLength(operation.content.json);
  }
  assert(bytes <= BATCH_BYTES_MAX, `a batch has at most ${BATCH_BYTES_MAX} bytes, not ${bytes}`);
  return prepared;
}

function prepareOperation(groupId: string, operation: WriteOperation): BatchOperation {
  const id = operation.kind === 'delete' ? operation.id : operation.document.id;
  assert(isDocumentId(id), `not a document id: ${JSON.stringify(id)}`);
  if (operation.kind === 'delete') return { kind: 'delete', id, version: operation.version };

  const { document } = operation;
  assert.equal(typeof document.type, 'string', `${id} has no type`);
  assert.equal(document.groupId, groupId, `${id} is of another group than its batch`);
  const content = { type: document.type, json: JSON.stringify(document), fields: fieldsOf(document) };
  return operation.kind === 'create'
    ? { kind: 'create', id, content }
    : { kind: 'replace', id, content, version: operation.version };
}

function fieldsOf(document: FleetDocument): Record<FieldColumn, ColumnValue> {
  const values = document as FleetDocument & Partial<Record<FieldColumn, unknown>>;
  const fields = FIELD_COLUMNS.map((column) => [column, columnValue(values[column])] as const);
  return Object.fromEntries(fields) as Record<FieldColumn, ColumnValue>;
}

function columnValue(value: unknown): ColumnValue {
  return typeof value === 'string' || Number.isFinite(value) ? (value as string | number) : null;
}
