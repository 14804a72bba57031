// Gauges as OpenMetrics text (version 1.0.0).
import type { HttpResponseInit } from '@azure/functions';
import { Gauge, Registry } from 'prom-client';
import type { OpenMetricsContentType } from 'prom-client';
import type { FleetGauge } from '../domain/fleet-gauges.ts';

export function openMetricsText(gauges: readonly FleetGauge[]): Promise<string> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // A gauge without labels would be 0 from the start: one that is not known is not shown.
  for (const { name, help, samples } of gauges.filter((each) => each.samples.length > 0)) {
    const shown = new Gauge({
      name: name.replaceAll('.', '_'),
      help,
      labelNames: Object.keys(samples[0]?.labels ?? {}),
      registers: [registry],
    });
    for (const { labels, value } of samples) shown.set(labels, value);
  }
  return registry.metrics();
}

export function openMetrics(text: string): HttpResponseInit {
  const headers = {
    'Content-Type': Registry.OPENMETRICS_CONTENT_TYPE,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
  return { status: 200, headers, body: text };
}
