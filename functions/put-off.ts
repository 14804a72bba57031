// What is told of changes that are put off.
import type { InvocationContext } from '@azure/functions';
import type { PutOff } from '../shared/services/change-handling.ts';

export function tellPutOff(all: readonly PutOff[], context: InvocationContext): void {
  for (const { groupId, documentIds, afterSeconds, error } of all) {
    const cause = error instanceof Error ? error.stack : String(error);
    context.warn(
      `${documentIds.length} changes of group ${groupId} are put off for ${afterSeconds} s (${documentIds.join(', ')}): ${cause}`,
    );
  }
}
