// From a check-in to the notification that comes of it: one trace, that names group and machine and tells no secret. What is
// exported is caught in memory, under the real functions on the real host.
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tracedDocumentStore } from '../../shared/adapters/traced-document-store.ts';
import { measuredPackageVault } from '../../shared/adapters/measured-package-vault.ts';
import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import type { EventView } from '../../shared/api/event.ts';
import type { Notification } from '../../shared/domain/notification.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { cloned, joined } from '../service/protocol-machine.ts';
import type { ProtocolMachine } from '../service/protocol-machine.ts';
import type { RunningService } from '../service/running-service.ts';
import { refuseSecrets, startService } from '../service/running-service.ts';
import { startRecording } from './recording.ts';
import type { Recording } from './recording.ts';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' } as const;

let recording: Recording;
let service: RunningService;
let issuer: ProtocolMachine;
let second: ProtocolMachine;
beforeAll(async () => {
  recording = startRecording();
  const memory = memoryDocumentStore();
  service = await startService({
    store: tracedDocumentStore(memory),
    feed: memory,
    vault: measuredPackageVault(memoryPackageVault()),
  });
  issuer = await joined(service, (await service.newGroup()).id);
  [second = issuer] = await cloned(issuer, 1);
  await service.scanAt((await service.group(issuer.groupId)).nextRenewalDate as Instant);
  await issuer.follow(await issuer.checkIn());
  await second.follow(await second.checkIn());
  await service.host.drainFeeds();
});
afterAll(async () => {
  await service.stop();
  await recording.stop();
});

function traceOf(span: ReadableSpan): string {
  return span.spanContext().traceId;
}

async function eventsOf(machineId: string): Promise<EventView[]> {
  const path = `groups/${issuer.groupId}/events?machineId=${machineId}`;
  return (await service.call<{ items: EventView[] }>('GET', path)).body.items;
}

test('a call is a span that is named for its operation, group and machine', async () => {
  const span = await recording.lastSpan('checkIn');
  expect(span.kind).toBe(SpanKind.INTERNAL);
  expect(span.attributes).toEqual({
    'keyturn.group.id': second.groupId,
    'keyturn.machine.id': second.id,
    'keyturn.check_in.policy': expect.any(String),
  });
  expect(span.resource.attributes).toMatchObject({ 'service.name': 'keyturn', 'service.version': '1.2.3' });
});

test('a machine that joins is named, too', async () => {
  expect((await recording.lastSpan('join')).attributes).toMatchObject({
    'keyturn.group.id': issuer.groupId,
    'keyturn.machine.id': issuer.id,
  });
});

test('a call belongs to the trace of whoever makes it', async () => {
  const { traceId, spanId } = CALLER;
  const url = `${service.host.url}/api/groups/${issuer.groupId}`;
  const answer = await fetch(url, {
    headers: { authorization: 'Bearer reader-token', traceparent: `00-${traceId}-${spanId}-01` },
  });
  expect(answer.status).toBe(200);
  const span = await recording.lastSpan('getGroup');
  expect(span.spanContext().traceId).toBe(traceId);
  expect(span.parentSpanContext?.spanId).toBe(spanId);
});

test.for(['', 'nonsense', `00-${'0'.repeat(32)}-${CALLER.spanId}-01`])(
  'a caller that names no trace, as “%s”, begins one',
  async (traceparent) => {
    const answer = await fetch(`${service.host.url}/api/health`, { headers: { traceparent } });
    expect(answer.status).toBe(200);
    expect((await recording.lastSpan('health')).parentSpanContext).toBeUndefined();
  },
);

describe('a proof', () => {
  test('shares its trace with its event, with the notification and with whoever recorded that', async () => {
    const proof = await recording.lastSpan('proveKey');
    const [event] = (await eventsOf(second.id)).filter(
      ({ keyDeliveryStatus }) => keyDeliveryStatus?.to === 'Default',
    );
    expect(event?.traceId).toBe(traceOf(proof));

    const { id = '' } = event ?? {};
    const notification = await service.system.store.read<Notification>(
      second.groupId,
      id.replace('event:', 'notification:'),
    );
    expect(notification?.document.traceParent).toBe(`00-${traceOf(proof)}-${proof.spanContext().spanId}-01`);

    const feed = await recording.spans('event-notifications');
    const recorded = feed.filter((span) => traceOf(span) === traceOf(proof) || isLinkedTo(span, proof));
    expect(recorded.length).toBeGreaterThan(0);
  });
});

function isLinkedTo({ links }: ReadableSpan, other: ReadableSpan): boolean {
  return links.some(({ context }) => context.traceId === traceOf(other));
}

test('what a scan leaves behind is done in the scan’s trace, and its events say so', async () => {
  const scan = await recording.lastSpan('renewal-scan');
  const fanOuts = (await recording.spans('fleet-changes')).filter((span) => traceOf(span) === traceOf(scan));
  expect(fanOuts.length).toBeGreaterThan(0);
  const [pending] = (await eventsOf(second.id)).filter(
    ({ keyDeliveryStatus }) => keyDeliveryStatus?.to === 'PendingNewKey',
  );
  expect(pending?.traceId).toBe(traceOf(scan));
});

test('a refusal names its problem, and only the service’s own failure makes a span fail', async () => {
  await service.call('GET', `groups/${crypto.randomUUID()}`);
  const span = await recording.lastSpan('getGroup');
  expect(span.attributes).toMatchObject({ 'keyturn.problem.code': 'GroupNotFound' });
  expect(span.status.code).toBe(0);
});

test('nothing that is exported tells a secret', async () => {
  await service.call('GET', 'groups', undefined, 'wrong-token');
  const text = await recording.text();
  expect(text).toContain(issuer.id);
  refuseSecrets(text, new Set([...service.secrets, 'wrong-token']));
});

async function counted(name: string, attributes: object): Promise<number> {
  const points = await recording.points(name);
  return points.find((point) => JSON.stringify(point.attributes) === JSON.stringify(attributes))?.value ?? 0;
}

describe('what is counted', () => {
  test('are calls by operation and outcome', async () => {
    const refused = { operation: 'getMachine', outcome: 'MachineNotFound' };
    const before = await counted('keyturn.call.duration', refused);
    await service.call('GET', `groups/${issuer.groupId}/machines/${crypto.randomUUID()}`);
    expect(await counted('keyturn.call.duration', refused)).toBe(before + 1);
    expect(await counted('keyturn.call.duration', { operation: 'issueKey', outcome: 'ok' })).toBe(2);
  });

  test('are check-ins by the policy that decided', async () => {
    const { body } = await issuer.checkIn();
    const before = await counted('keyturn.check_ins', { policy: body.policy });
    await issuer.checkIn();
    expect(await counted('keyturn.check_ins', { policy: body.policy })).toBe(before + 1);
  });

  test('are events, each once', async () => {
    expect(await counted('keyturn.events', { kind: 'KeyIssued' })).toBe(2);
    const proved = { kind: 'KeyDeliveryStatusChanged', key_delivery_status: 'Default' };
    expect(await counted('keyturn.events', proved)).toBe(3);
  });

  test('are changes that the feed showed, and calls of the vault', async () => {
    expect(await counted('keyturn.feed.changes', { consumer: 'fleet-changes' })).toBeGreaterThan(10);
    expect(await counted('keyturn.vault.duration', { operation: 'put', outcome: 'ok' })).toBe(2);
  });

  test('is the fleet, as long as the timer’s figures are fresh', async () => {
    await service.host.invokeTimer('fleet-metrics');
    expect(await counted('keyturn.machines', { key_delivery_status: 'Default' })).toBe(2);
    expect(await counted('keyturn.health', { check: 'packageVault' })).toBe(1);
    expect(await counted('keyturn.dead_letters', {})).toBe(0);
    expect(await recording.points('keyturn.dead_letters')).toHaveLength(1);
    expect(await recording.points('keyturn.metrics_taken_timestamp_seconds')).toHaveLength(1);
    // It would tell of when they were taken, not of when they are exported.
    expect(await recording.points('keyturn.metrics_age_seconds')).toEqual([]);
  });
});
