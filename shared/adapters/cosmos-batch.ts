// One batch of the port as a transactional batch of Cosmos DB, and its results. All of it is applied or none: when one
// operation fails its status says why, and all others say 424.
import assert from 'node:assert/strict';
import type { JSONObject, OperationInput, OperationResponse } from '@azure/cosmos';
import { WriteConflict } from '../ports/document-store.ts';
import type { BatchOperation } from './document-batch.ts';

/** A result as it is on the wire, where it says more than the library's type. */
export type BatchResult = Pick<OperationResponse, 'statusCode' | 'eTag'> & {
  readonly subStatusCode?: number;
  readonly retryAfterMilliseconds?: number;
};

export function toOperations(batch: readonly BatchOperation[]): OperationInput[] {
  return batch.map((operation) => {
    const { kind, id } = operation;
    if (kind === 'delete') return { operationType: 'Delete', id, ifMatch: operation.version };
    // A copy of its own: the library reads it some time later.
    const resourceBody = JSON.parse(operation.content.json) as JSONObject;
    return kind === 'create'
      ? { operationType: 'Create', resourceBody }
      : { operationType: 'Replace', id, resourceBody, ifMatch: operation.version };
  });
}

const CONFLICTS: Readonly<Record<number, WriteConflict['reason']>> = {
  404: 'missing',
  409: 'exists',
  412: 'version',
};

/**
 * The new versions, in the order of the operations.
 * @throws WriteConflict for the operation that kept the batch from being applied.
 */
export function toVersions(
  batch: readonly BatchOperation[],
  results: readonly BatchResult[],
): (string | null)[] {
  const failed = failedOperation(results);
  if (failed !== -1) {
    const reason = CONFLICTS[results[failed]?.statusCode ?? 0];
    assert(reason !== undefined, `not a conflict: ${results[failed]?.statusCode}`);
    throw new WriteConflict(failed, reason);
  }
  return batch.map(({ kind }, index) => {
    if (kind === 'delete') return null;
    const version = results[index]?.eTag;
    assert(version !== undefined, 'a document that was written has an ETag');
    return version;
  });
}

/**
 * The failure of a batch whose answer is a refusal, in the form in which the library throws those of whole requests; null
 * when it was applied, or is in conflict.
 */
export function refusalOf(results: readonly BatchResult[]): Error | null {
  const result = results[failedOperation(results)];
  if (result === undefined || result.statusCode in CONFLICTS) return null;
  const { statusCode, subStatusCode, retryAfterMilliseconds } = result;
  return Object.assign(new Error(`an operation of the batch was refused with ${statusCode}`), {
    code: statusCode,
    substatus: subStatusCode,
    retryAfterInMs: retryAfterMilliseconds,
  });
}

function failedOperation(results: readonly BatchResult[]): number {
  return results.findIndex(({ statusCode }) => statusCode >= 300 && statusCode !== 424);
}
