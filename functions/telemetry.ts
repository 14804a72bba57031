// Telemetry begins with the process, where the settings say whereto, and is sent before the process ends.
import { app } from '@azure/functions';
import { startTelemetry } from '../shared/compose.ts';

let running: Awaited<ReturnType<typeof startTelemetry>> = null;

app.hook.appStart(async () => {
  running ??= await startTelemetry();
});

app.hook.appTerminate(async () => {
  const stopping = running;
  running = null;
  await stopping?.stop();
});

/** Sends what there is now: after a timer's work the host may put the instance to sleep. */
export async function flushTelemetry(): Promise<void> {
  await running?.flush();
}
