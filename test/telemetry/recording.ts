// The SDK with exporters in memory, for tests: everything that telemetry would send, to be looked at.
import { InMemoryMetricExporter, AggregationTemporality } from '@opentelemetry/sdk-metrics';
import type { DataPoint } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { startExporting } from '../../shared/telemetry/open-telemetry.ts';

export interface RecordedPoint {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The count of a histogram's values, or the value. */
  readonly value: number;
}

export interface Recording {
  /** All spans of that name that have ended, in that order. */
  spans(name: string): Promise<readonly ReadableSpan[]>;
  /** The last of them. @throws Error when there is none. */
  lastSpan(name: string): Promise<ReadableSpan>;
  /** What a metric came to, by its attributes. */
  points(name: string): Promise<readonly RecordedPoint[]>;
  /** Everything that was exported, as text. */
  text(): Promise<string>;
  stop(): Promise<void>;
}

export function startRecording({ hostSamples = false } = {}): Recording {
  const traces = new InMemorySpanExporter();
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const running = startExporting([{ traces, metrics }], { hostSamples, version: '1.2.3' });

  async function spans(name: string): Promise<readonly ReadableSpan[]> {
    await running.flush();
    return traces.getFinishedSpans().filter((span) => span.name === name);
  }

  return {
    spans,
    async lastSpan(name) {
      const last = (await spans(name)).at(-1);
      if (last === undefined) throw new Error(`no span ${name} has ended`);
      return last;
    },
    async points(name) {
      metrics.reset();
      await running.flush();
      return metrics
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | { readonly count: number }>[])
        .map(({ attributes, value }) => ({
          attributes,
          value: typeof value === 'number' ? value : value.count,
        }));
    },
    async text() {
      await running.flush();
      const told = traces
        .getFinishedSpans()
        .map(({ name, attributes, events, status, links, resource }) => [
          name,
          attributes,
          events,
          status,
          links,
          resource.attributes,
        ]);
      return JSON.stringify([told, metrics.getMetrics()]);
    },
    stop: () => running.stop(),
  };
}
