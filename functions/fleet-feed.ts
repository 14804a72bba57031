// What the functions on the fleet's change feed have in common.
import { app } from '@azure/functions';
import { system } from '../shared/compose.ts';
import type { FleetDocument } from '../shared/ports/document-store.ts';
import type { System } from '../shared/services/system.ts';

/**
 * Registers a consumer of the feed, with leases of its own, that handles one document at a time, in order. A batch that
 * fails is retried for some hours and then passed over by the host; `handle` sees documents again, so it must not mind.
 */
export function consumeFleet(
  consumer: string,
  handle: (system: System, document: FleetDocument) => Promise<void>,
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
    handler: async (documents: FleetDocument[]) => {
      for (const document of documents) await handle(system(), document);
    },
  });
}
