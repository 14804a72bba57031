// What the functions on the fleet's change feed have in common.
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { system } from '../shared/compose.ts';
import type { FleetDocument } from '../shared/ports/document-store.ts';
import { handleChanges } from '../shared/services/change-handling.ts';
import { causesOf } from '../shared/services/consumers.ts';
import type { ConsumerName } from '../shared/services/consumers.ts';
import { inInvocation, nameGroups } from '../shared/telemetry/invocations.ts';
import { recordChanges } from '../shared/telemetry/measures.ts';
import { tellPutOff } from './put-off.ts';
import { HANDLING_MILLISECONDS, timeLimit } from './time-limit.ts';

/**
 * Registers a consumer of the feed, with leases of its own. A document that cannot be handled is put off and holds up no
 * other. A batch of which something could be neither handled nor put off is repeated until it can be, however long that
 * takes: passing over it, as the host would at the end of a finite number, would lose events that nobody looks for again.
 */
export function consumeFleet(consumer: ConsumerName): void {
  app.cosmosDB(consumer, {
    connection: 'COSMOS',
    databaseName: '%COSMOS_DATABASE%',
    containerName: 'fleet',
    leaseContainerName: 'leases',
    leaseContainerPrefix: consumer,
    // Whoever may only read and write data may make no container: the deployment declares it.
    createLeaseContainerIfNotExists: false,
    startFromBeginning: true,
    // A change of one transaction is never split, so that there may be some more.
    maxItemsPerInvocation: 100,
    // A large fan-out is a chain of changes: it waits this long between two pieces.
    feedPollDelay: 1000,
    retry: {
      strategy: 'exponentialBackoff',
      maxRetryCount: -1,
      minimumInterval: { seconds: 1 },
      maximumInterval: { minutes: 1 },
    },
    handler: (documents: FleetDocument[], context: InvocationContext) =>
      inInvocation(consumer, context, causesOf(consumer, documents), async () => {
        nameGroups(documents.map(({ groupId }) => groupId));
        const left = await handleChanges(system(), consumer, documents, timeLimit(HANDLING_MILLISECONDS));
        recordChanges(consumer, documents.length, left.length);
        tellPutOff(left, context);
      }),
  });
}
