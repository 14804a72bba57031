// OpenTelemetry's SDK, started once a process. Loaded only where telemetry goes somewhere: it takes longer to load than all
// the rest of the service. Sampling, the service's name and OTLP's addresses follow the standard OTEL_* settings.
import { context, diag, DiagLogLevel, metrics, propagation, trace } from '@opentelemetry/api';
import type { DiagLogger } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { NodeTracerConfig } from '@opentelemetry/sdk-trace-node';
import type { TelemetrySettings } from './settings.ts';

export interface RunningTelemetry {
  /** Sends what has not been sent yet. What cannot be sent is given up: no work of the service waits for it. */
  flush(): Promise<void>;
  /** The same, for three seconds at most, and nothing is recorded any more. */
  stop(): Promise<void>;
}

interface Exporters {
  readonly traces: SpanExporter;
  readonly metrics: PushMetricExporter;
}

const EXPORT_MILLISECONDS = 60_000;
/** Exporters try for ten seconds, for which nobody who stops a service waits. */
const STOP_MILLISECONDS_MAX = 3000;

/** What cannot be sent is told where hosts collect what a process says of itself. */
const STANDARD_ERROR: DiagLogger = { error: tell, warn: tell, info: tell, debug: tell, verbose: tell };

function tell(message: string): void {
  process.stderr.write(`telemetry: ${message}\n`);
}

export async function startOpenTelemetry(settings: TelemetrySettings): Promise<RunningTelemetry> {
  const { azureMonitor, otlp } = settings;
  diag.setLogger(STANDARD_ERROR, DiagLogLevel.WARN);
  const exporters: Exporters[] = [];
  if (azureMonitor !== null) exporters.push(await azureMonitorExporters(azureMonitor));
  if (otlp) exporters.push(await otlpExporters());
  return startExporting(exporters, settings);
}

/** For {@link startOpenTelemetry}, and for tests with exporters of their own. */
export function startExporting(
  exporters: readonly Exporters[],
  { hostSamples, version }: Pick<TelemetrySettings, 'hostSamples' | 'version'>,
): RunningTelemetry {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'keyturn', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector, serviceInstanceIdDetector] }));
  const spanProcessors = exporters.map((each) => new BatchSpanProcessor(each.traces));
  const readers = exporters.map(
    (each) =>
      new PeriodicExportingMetricReader({
        exporter: forgettingGauges(each.metrics),
        exportIntervalMillis: EXPORT_MILLISECONDS,
      }),
  );
  const tracing = { resource, spanProcessors };
  const provider = hostSamples ? followingHost(tracing) : new NodeTracerProvider(tracing);
  provider.register();
  metrics.setGlobalMeterProvider(new MeterProvider({ resource, readers }));
  // Each by itself: the providers stop waiting for all when one fails.
  const all = [...spanProcessors, ...readers];
  return {
    async flush() {
      await Promise.allSettled(all.map((each) => each.forceFlush()));
    },
    async stop() {
      trace.disable();
      context.disable();
      propagation.disable();
      metrics.disable();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, STOP_MILLISECONDS_MAX);
      await Promise.race([Promise.allSettled(all.map((each) => each.shutdown())), late.promise]);
      clearTimeout(timer);
      diag.disable();
    },
  };
}

/**
 * Records what the host records. The SDK looks at its own setting even when it is given a sampler, and would complain of the
 * host's word for one.
 */
function followingHost(tracing: NodeTracerConfig): NodeTracerProvider {
  const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
  diag.disable();
  try {
    return new NodeTracerProvider({ ...tracing, sampler });
  } finally {
    diag.setLogger(STANDARD_ERROR, DiagLogLevel.WARN);
  }
}

/**
 * A gauge that is observed no more is exported no more. Where what is counted is exported as a sum since the start, the SDK would
 * repeat its last value for ever: an instance that took the fleet's figures once would contradict the one that takes them now.
 */
function forgettingGauges(exporter: PushMetricExporter): PushMetricExporter {
  return {
    export: (data, callback) => exporter.export(data, callback),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    selectAggregation: (type) => exporter.selectAggregation?.(type) ?? { type: AggregationType.DEFAULT },
    selectAggregationTemporality: (type) =>
      type === InstrumentType.OBSERVABLE_GAUGE
        ? AggregationTemporality.DELTA
        : (exporter.selectAggregationTemporality?.(type) ?? AggregationTemporality.CUMULATIVE),
  };
}

async function azureMonitorExporters({
  connectionString,
  identity,
}: NonNullable<TelemetrySettings['azureMonitor']>): Promise<Exporters> {
  const { AzureMonitorMetricExporter, AzureMonitorTraceExporter } =
    await import('@azure/monitor-opentelemetry-exporter');
  const options = {
    connectionString,
    ...(identity !== null && { credential: await managedIdentity(identity.clientId) }),
  };
  return { traces: new AzureMonitorTraceExporter(options), metrics: new AzureMonitorMetricExporter(options) };
}

async function managedIdentity(clientId: string | null) {
  const { ManagedIdentityCredential } = await import('@azure/identity');
  return clientId === null ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
}

async function otlpExporters(): Promise<Exporters> {
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return { traces: new OTLPTraceExporter(), metrics: new OTLPMetricExporter() };
}
