// The scan: opens and ends the windows whose time has come, and takes up jobs that were left lying.
import { app } from '@azure/functions';
import type { InvocationContext, Timer } from '@azure/functions';
import { system } from '../shared/compose.ts';
import { scanRenewals } from '../shared/services/renewals.ts';
import { inInvocation } from '../shared/telemetry/invocations.ts';

/** Ends well before the host's five minutes are over; what is left is due at the next scan. */
const SCAN_MILLISECONDS_MAX = 240_000;

app.timer('renewal-scan', {
  schedule: '%RENEWAL_SCAN_SCHEDULE%',
  runOnStartup: false,
  handler: async (timer: Timer, context: InvocationContext) => {
    if (timer.isPastDue) context.warn('The scan is late; everything that is due is done now.');
    const startedAt = performance.now();
    const report = await inInvocation('renewal-scan', context, [], () =>
      scanRenewals(system(), () => performance.now() - startedAt < SCAN_MILLISECONDS_MAX),
    );
    context.info(`${report.transitions} groups and ${report.jobs} jobs brought forward`);
    for (const { groupId, error } of report.failures) {
      context.error(`group ${groupId} stays due: ${error instanceof Error ? error.stack : String(error)}`);
    }
  },
});
