// Which traces are recorded, by the setting of OpenTelemetry's samplers and by what the host has decided; and that a call which
// nobody records is done all the same.
import { afterEach, expect, test, vi } from 'vitest';
import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { tracedDocumentStore } from '../../shared/adapters/traced-document-store.ts';
import type { EventView } from '../../shared/api/event.ts';
import type { GroupView } from '../../shared/api/group.ts';
import type { FleetEvent } from '../../shared/domain/event.ts';
import { inInvocation, presentTraceParent } from '../../shared/telemetry/invocations.ts';
import { startOpenTelemetry } from '../../shared/telemetry/open-telemetry.ts';
import { telemetrySettings } from '../../shared/telemetry/settings.ts';
import type { TelemetrySettings } from '../../shared/telemetry/settings.ts';
import { PEOPLE, startService } from '../service/running-service.ts';
import { startRecording } from './recording.ts';
import type { Recording } from './recording.ts';

let running: { stop(): Promise<void> } | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

/** What a process with these settings starts with. */
function settingsWith(sampler: string, argument: string): TelemetrySettings {
  vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument);
  const environment = { OTEL_TRACES_SAMPLER: sampler, OTEL_EXPORTER_OTLP_ENDPOINT: NOWHERE };
  const settings = telemetrySettings(environment, '1.2.3');
  if (settings === null) throw new Error('telemetry is off');
  return settings;
}

function startSampling(sampler: string, argument: string): Recording {
  const recording = startRecording(settingsWith(sampler, argument));
  running = recording;
  return recording;
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** Whether a call is recorded, by what its host has decided. */
function isRecorded(flags: '00' | '01'): Promise<boolean> {
  const traceContext = { traceParent: `00-${TRACE_ID}-b7ad6b7169203331-${flags}` };
  return inInvocation('a call', { traceContext }, [], async () => presentTraceParent() !== null);
}

test.for<[string, string, { readonly '01': boolean; readonly '00': boolean }]>([
  ['', '', { '01': true, '00': false }],
  ['microsoft.fixed_percentage', '0.01', { '01': true, '00': false }],
  ['microsoft.rate_limited', '5', { '01': true, '00': false }],
  // By itself, whatever the host does: traces are torn.
  ['traceidratio', '0', { '01': false, '00': false }],
  ['traceidratio', '1', { '01': true, '00': true }],
])('with “%s” %s it is recorded what the host does, and what it does not: %j', async (row) => {
  const [sampler, argument, recorded] = row;
  startSampling(sampler, argument);
  expect({ '01': await isRecorded('01'), '00': await isRecorded('00') }).toEqual(recorded);
});

test.for([
  ['microsoft.fixed_percentage', []],
  ['microsoft.rate_limited', []],
  ['mistyped', [expect.stringContaining('"mistyped" invalid')]],
] as const)('of the setting “%s” a process that starts says %j', async ([sampler, said]) => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', NOWHERE);
  const complaints: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => complaints.push(String(text)) > 0);
  running = await startOpenTelemetry(settingsWith(sampler, '0.01'));
  expect(complaints).toEqual(said);
});

test('a call that the host does not record is done, and its event names no trace', async () => {
  const recording = startSampling('microsoft.fixed_percentage', '0.01');
  const memory = memoryDocumentStore();
  const service = await startService({ store: tracedDocumentStore(memory), feed: memory });
  const create = async (name: string, flags: '00' | '01') => {
    const answer = await fetch(`${service.host.url}/api/groups`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${PEOPLE.Admin}`,
        'content-type': 'application/json',
        traceparent: `00-${TRACE_ID}-b7ad6b7169203331-${flags}`,
      },
      body: JSON.stringify({ name }),
    });
    expect(answer.status).toBe(201);
    await service.host.drainFeeds();
    const { id } = (await answer.json()) as GroupView;
    const { items } = (await service.call<{ items: EventView[] }>('GET', `groups/${id}/events`)).body;
    const event = await service.system.store.read<FleetEvent>(id, items[0]?.id ?? '');
    return { shown: items.map(({ traceId }) => traceId), kept: event?.document };
  };

  const unrecorded = await create('unrecorded', '00');
  expect(unrecorded.shown).toEqual([null]);
  expect(unrecorded.kept).toMatchObject({ kind: 'GroupCreated' });
  expect(unrecorded.kept).not.toHaveProperty('traceParent');
  expect(await recording.spans('createGroup')).toEqual([]);

  const recorded = await create('recorded', '01');
  expect(recorded.shown).toEqual([TRACE_ID]);
  expect(recorded.kept?.traceParent).toContain(TRACE_ID);
  expect(await recording.spans('createGroup')).toHaveLength(1);
  await service.stop();
});
