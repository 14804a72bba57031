// Changes that were put off are tried again, each message on its own. What throws is shown again by the host some times, and
// is moved to `fleet-retries-poison` then: people see it there as a dead letter, and have it tried anew.
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { system } from '../shared/compose.ts';
import { retryChanges } from '../shared/services/change-handling.ts';
import { inInvocation, nameGroups } from '../shared/telemetry/invocations.ts';
import { tellPutOff } from './put-off.ts';

app.storageQueue('fleet-retries', {
  connection: 'AzureWebJobsStorage',
  queueName: 'fleet-retries',
  handler: (message: unknown, context: InvocationContext) =>
    inInvocation('fleet-retries', context, [], async () => {
      const left = await retryChanges(system(), message);
      nameGroups(left.map(({ groupId }) => groupId));
      tellPutOff(left, context);
    }),
});
