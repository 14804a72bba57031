// Telemetry that goes nowhere costs no start; telemetry that goes somewhere arrives there.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { metrics, trace } from '@opentelemetry/api';
import { recordCheckIn, showFleet } from '../../shared/telemetry/measures.ts';
import { inInvocation, nameSubject, presentTraceParent } from '../../shared/telemetry/invocations.ts';
import { startOpenTelemetry } from '../../shared/telemetry/open-telemetry.ts';
import { startRecording } from './recording.ts';

const MODULES_LOADED = fileURLToPath(new URL('modules-loaded.ts', import.meta.url));

async function packagesLoaded(environment: Record<string, string>): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [MODULES_LOADED], { env: environment });
  return JSON.parse(stdout) as string[];
}

test('the SDK is loaded only where telemetry goes somewhere', async () => {
  expect(await packagesLoaded({})).toEqual(['@opentelemetry/api']);
  // Nobody listens there: what cannot be sent is given up.
  const somewhere = await packagesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  expect(somewhere).toContain('@opentelemetry/sdk-trace-node');
  expect(somewhere).not.toContain('@azure/monitor-opentelemetry-exporter');
});

test('without an SDK work is done all the same, and no trace is named', async () => {
  const traceContext = { traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const named = await inInvocation('a call', { traceContext }, [], async () => {
    nameSubject({ groupId: 'g' });
    recordCheckIn('steady');
    return presentTraceParent();
  });
  expect(named).toBeNull();
});

test('spans and metrics are sent by OTLP to the address that the settings name', async () => {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
  const running = await startOpenTelemetry({
    azureMonitor: null,
    otlp: true,
    hostSamples: false,
    version: '1.2.3',
  });
  await inInvocation('a call', {}, [], async () => recordCheckIn('steady'));
  await running.flush();
  expect(paths.toSorted()).toEqual(['/v1/metrics', '/v1/traces']);
  await running.stop();
  vi.unstubAllEnvs();
  await new Promise((resolve) => server.close(resolve));
  expect(trace.getTracer('test').startSpan('late').isRecording()).toBe(false);
  expect(metrics.getMeterProvider().constructor.name).toContain('Noop');
});

test('stopping does not wait for a collector that does not answer', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
  const settings = { azureMonitor: null, otlp: true, hostSamples: false, version: '1.2.3' };
  const running = await startOpenTelemetry(settings);
  await inInvocation('a call', {}, [], async () => recordCheckIn('steady'));
  const began = performance.now();
  await running.stop();
  expect(performance.now() - began).toBeLessThan(6000);
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('an error that ends an invocation makes its span fail, without telling what it said', async () => {
  const recording = startRecording();
  await expect(inInvocation('a call', {}, [], () => Promise.reject(new TypeError('secret')))).rejects.toThrow(
    'secret',
  );
  const { status, attributes } = await recording.lastSpan('a call');
  expect(status.code).toBe(2);
  expect(attributes).toEqual({ 'error.type': 'TypeError' });
  expect(await recording.text()).not.toContain('secret');
  await recording.stop();
});

test('work left behind by one call goes on in its trace; by several, it is linked to each once', async () => {
  const recording = startRecording();
  const one = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const other = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const host = { traceContext: { traceParent: '00-11111111111111111111111111111111-2222222222222222-01' } };
  const links = async (causes: string[]) => {
    await inInvocation('work', host, causes, async () => {});
    const span = await recording.lastSpan('work');
    return [
      span.spanContext().traceId.slice(0, 4),
      ...span.links.map(({ context }) => context.traceId.slice(0, 4)),
    ];
  };
  expect(await links([])).toEqual(['1111']);
  expect(await links([one, one])).toEqual(['0af7', '1111']);
  expect(await links([one, other, one, 'nonsense'])).toEqual(['1111', '0af7', '4bf9']);
  await recording.stop();
});

test('the fleet is shown for two rounds of an hourly schedule, and not by an instance that took it longer ago', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const recording = startRecording();
  showFleet([{ name: 'keyturn.windows_open', help: '', samples: [{ labels: {}, value: 3 }] }]);
  expect(await recording.points('keyturn.windows_open')).toEqual([{ attributes: {}, value: 3 }]);
  vi.advanceTimersByTime(2 * 3_600_000);
  expect(await recording.points('keyturn.windows_open')).toHaveLength(1);
  vi.advanceTimersByTime(1_800_001);
  expect(await recording.points('keyturn.windows_open')).toEqual([]);
  await recording.stop();
  vi.useRealTimers();
});
