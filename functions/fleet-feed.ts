// What the functions on the fleet's change feed have in common.
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { system } from '../shared/compose.ts';
import type { FleetDocument } from '../shared/ports/document-store.ts';
import type { System } from '../shared/services/system.ts';

/**
 * Registers a consumer of the feed, with leases of its own, that handles the documents of one group at a time, in order. A
 * group that fails keeps none of the others of its batch from being handled; but the batch is then retried, for some hours,
 * before the host passes it over, and later ones wait. `handle` sees documents again, so it must not mind.
 */
export function consumeFleet(
  consumer: string,
  handle: (
    system: System,
    groupId: string,
    documents: readonly FleetDocument[],
    context: InvocationContext,
  ) => Promise<void>,
): void {
  app.cosmosDB(consumer, {
    connection: 'COSMOS',
    databaseName: '%COSMOS_DATABASE%',
    containerName: 'fleet',
    leaseContainerName: 'leases',
    leaseContainerPrefix: consumer,
    createLeaseContainerIfNotExists: false,
    startFromBeginning: true,
    maxItemsPerInvocation: 100,
    retry: {
      strategy: 'exponentialBackoff',
      maxRetryCount: 30,
      minimumInterval: { seconds: 1 },
      maximumInterval: { minutes: 15 },
    },
    handler: async (documents: FleetDocument[], context: InvocationContext) => {
      const failures: unknown[] = [];
      for (const [groupId, ofGroup] of Map.groupBy(documents, (document) => document.groupId)) {
        await handle(system(), groupId, ofGroup, context).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, `${failures.length} groups failed`);
    },
  });
}
