// The scan: opens and ends the windows whose time has come, and takes up jobs that were left lying.
import { app } from '@azure/functions';
import type { InvocationContext, Timer } from '@azure/functions';
import { system } from '../shared/compose.ts';
import { scanRenewals } from '../shared/services/renewals.ts';
import { inInvocation } from '../shared/telemetry/invocations.ts';
import { timeLimit } from './time-limit.ts';

/** Of the host's five minutes, so that what is begun then ends, too; what is left is due at the next scan. */
const SCAN_MILLISECONDS_MAX = 180_000;

app.timer('renewal-scan', {
  schedule: '%RENEWAL_SCAN_SCHEDULE%',
  runOnStartup: false,
  handler: async (timer: Timer, context: InvocationContext) => {
    if (timer.isPastDue) context.warn('The scan is late; everything that is due is done now.');
    const report = await inInvocation('renewal-scan', context, [], () =>
      scanRenewals(system(), timeLimit(SCAN_MILLISECONDS_MAX)),
    );
    context.info(`${report.transitions} groups and ${report.jobs} jobs brought forward`);
    for (const { groupId, error } of report.failures) {
      context.error(`group ${groupId} stays due: ${error instanceof Error ? error.stack : String(error)}`);
    }
  },
});
