// Takes the whole fleet in figures, for the metrics page and for telemetry. Passing through the change feed, they also show whether
// its consumers follow.
import { app } from '@azure/functions';
import type { InvocationContext, Timer } from '@azure/functions';
import { system } from '../shared/compose.ts';
import { gaugesOf, takeFleetMetrics } from '../shared/services/fleet-metrics.ts';
import { inInvocation } from '../shared/telemetry/invocations.ts';
import { showFleet } from '../shared/telemetry/measures.ts';
import { flushTelemetry } from './telemetry.ts';
import { timeLimit } from './time-limit.ts';

/** Ends well before the host's five minutes are over: figures that leave something out are better than none. */
const TAKE_MILLISECONDS_MAX = 180_000;

app.timer('fleet-metrics', {
  schedule: '%FLEET_METRICS_SCHEDULE%',
  runOnStartup: false,
  handler: async (_timer: Timer, context: InvocationContext) => {
    const metrics = await inInvocation('fleet-metrics', context, [], () =>
      takeFleetMetrics(system(), timeLimit(TAKE_MILLISECONDS_MAX)),
    );
    if (!metrics.complete) context.warn('Not every group was looked at: the figures leave some out.');
    showFleet(gaugesOf(system(), metrics));
    await flushTelemetry();
  },
});
