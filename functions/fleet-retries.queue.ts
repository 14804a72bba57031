// Changes that were put off are tried again, each message on its own. What throws is shown again by the host some times, and
// is moved to `fleet-retries-poison` then: people see it there as a dead letter, and have it tried anew.
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { system } from '../shared/compose.ts';
import { retryChanges } from '../shared/services/change-handling.ts';
import { inInvocation, nameGroups } from '../shared/telemetry/invocations.ts';
import { tellPutOff } from './put-off.ts';
import { HANDLING_MILLISECONDS, timeLimit } from './time-limit.ts';

app.storageQueue('fleet-retries', {
  connection: 'AzureWebJobsStorage',
  queueName: 'fleet-retries',
  handler: (message: unknown, context: InvocationContext) =>
    inInvocation('fleet-retries', context, [], async () => {
      nameGroups(groupsOf(message));
      tellPutOff(await retryChanges(system(), message, timeLimit(HANDLING_MILLISECONDS)), context);
    }),
});

/** Of a message as it came: one that cannot be handled is to be found by its group, too. */
function groupsOf(message: unknown): string[] {
  return typeof message === 'object' && message !== null && 'groupId' in message
    ? [String(message.groupId)]
    : [];
}
