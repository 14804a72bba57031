// The service about itself.
import { openApiDocument } from '../shared/api/openapi.ts';
import { operations } from '../shared/api/operations.ts';
import { openMetrics, openMetricsText } from '../shared/http/open-metrics.ts';
import { json, serve } from '../shared/http/route.ts';
import { presentGauges } from '../shared/services/fleet-metrics.ts';
import { health } from '../shared/services/health.ts';

serve(
  operations.health,
  ({ system }) => health(system),
  (answer) => json(answer.status === 'ok' ? 200 : 503, answer),
);

serve(operations.metrics, async ({ system }) => openMetricsText(await presentGauges(system)), openMetrics);

let document: Record<string, unknown> | null = null;

serve(operations.openApi, ({ system }) => {
  document ??= openApiDocument(system.settings.version);
  return Promise.resolve(document);
});
