// Work that a change leaves behind, done in pieces: resumed after crashes, done again when it is delivered twice, and each
// machine told once.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FleetEvent } from '../../shared/domain/event.ts';
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import type { Notification } from '../../shared/domain/notification.ts';
import { BATCH_OPERATIONS_MAX } from '../../shared/ports/document-store.ts';
import type { DocumentType, FleetDocument, Stored } from '../../shared/ports/document-store.ts';
import { carryOn } from '../../shared/services/jobs.ts';
import { scanRenewals } from '../../shared/services/renewals.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import type { ProtocolMachine } from './protocol-machine.ts';
import { actionOf, joined } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';
import { START, startService } from './running-service.ts';
import { documentsOf, packagesOf } from './service-state.ts';

const MACHINES = 2500;
/** One window ends long before the next opens, and before the test host's own scan, once a year, is due. */
const SHORT = { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 64_800 };

const ports = hookedPorts();
let service: RunningService;
let machine: ProtocolMachine;
let opensOn: Instant;
beforeAll(async () => {
  service = await startService(ports.parts);
});
beforeEach(() => {
  ports.hook({});
  service.clock.set(START);
});
afterAll(() => service.stop());

/** A group of one machine that can act, and of as many others as are asked for. */
async function newFleet(others: number): Promise<string> {
  const { id } = await service.newGroup(SHORT);
  machine = await joined(service, id);
  const model = await service.system.store.read<Machine>(id, machine.id);
  if (model === null) throw new Error('it has joined');
  for (let done = 0; done < others; done += BATCH_OPERATIONS_MAX) {
    const count = Math.min(BATCH_OPERATIONS_MAX, others - done);
    const documents = Array.from({ length: count }, () => ({ ...model.document, id: randomUUID() }));
    await service.system.store.write(
      id,
      documents.map((document) => ({ kind: 'create', document })),
    );
  }
  opensOn = (await service.group(id)).nextRenewalDate as Instant;
  await service.host.drainFeeds();
  return id;
}

async function jobsOf(groupId: string): Promise<Stored<Job>[]> {
  const page = await service.system.store.query<Job>({ type: 'job', groupId, limit: 10 });
  return [...page.items];
}

function statusesOf(groupId: string): Promise<Record<string, number>> {
  return service.group(groupId).then(({ machinesByStatus }) => machinesByStatus);
}

/** How many machines were told of a status in a renewal, with how many events and notifications: all the same, when all is well. */
async function toldOf(groupId: string, renewal: number, status: string): Promise<readonly number[]> {
  const events = (await documentsOf<FleetEvent>(service, groupId, 'event')).filter(
    (event) => event.renewal === renewal && event.keyDeliveryStatus?.to === status,
  );
  const notifications = (await documentsOf<Notification>(service, groupId, 'notification')).filter(
    (each) => each.renewal === renewal && each.keyDeliveryStatus === status,
  );
  const machines = new Set([...events, ...notifications].map(({ machineId }) => machineId));
  return [machines.size, events.length, notifications.length];
}

function once(machines: number): readonly number[] {
  return [machines, machines, machines];
}

describe('a fan-out over 2,500 machines', () => {
  let groupId: string;
  beforeAll(async () => {
    groupId = await newFleet(MACHINES - 1);
  });

  test('goes on in pieces of at most 1,000, through crashes and without the feed', async () => {
    ports.restFeeds(true);
    service.clock.set(opensOn);
    await scanRenewals(service.system);
    expect(await statusesOf(groupId)).toMatchObject({ Default: MACHINES });

    const pieces: number[] = [];
    for (const point of ['before', 'after', null] as const) {
      const before = (await statusesOf(groupId))['PendingNewKey'] ?? 0;
      await pieceThatFails(groupId, point);
      pieces.push(((await statusesOf(groupId))['PendingNewKey'] ?? 0) - before);
    }
    // The piece whose end was not written down was done again, and changed nothing.
    expect(pieces).toEqual([1000, 0, 1000]);
    await pieceThatFails(groupId, null);
    expect(await statusesOf(groupId)).toMatchObject({ PendingNewKey: MACHINES });
    expect(await jobsOf(groupId)).toEqual([]);

    ports.restFeeds(false);
    await service.host.drainFeeds();
    expect(await toldOf(groupId, 2, 'PendingNewKey')).toEqual(once(MACHINES));
  });

  test('tells nobody twice when everything is delivered again', async () => {
    for (const consumer of ['fleet-changes', 'event-notifications']) {
      await service.system.feed.saveCheckpoint(consumer, '0');
    }
    await service.host.drainFeeds();
    expect(await toldOf(groupId, 2, 'PendingNewKey')).toEqual(once(MACHINES));
  });

  test('follows the window’s end, in the order in which it happened to each machine', async () => {
    service.clock.set(opensOn);
    await machine.follow(await machine.checkIn());
    await service.scanAt((await service.group(groupId)).renewal?.endsOn as Instant);
    expect(await statusesOf(groupId)).toEqual({ Default: 1, PendingNewKey: 0, KeyExpired: MACHINES - 1 });
    expect(await toldOf(groupId, 2, 'KeyExpired')).toEqual(once(MACHINES - 1));
    expect(await toldOf(groupId, 2, 'Default')).toEqual(once(1));

    const lost = (await documentsOf<Machine>(service, groupId, 'machine')).find(
      ({ id }) => id !== machine.id,
    );
    const { body } = await service.call<{ items: FleetEvent[] }>(
      'GET',
      `groups/${groupId}/events?machineId=${lost?.id}`,
    );
    expect(body.items.map((event) => event.keyDeliveryStatus)).toEqual([
      { from: 'PendingNewKey', to: 'KeyExpired' },
      { from: 'Default', to: 'PendingNewKey' },
    ]);
  });

  test('and a deletion leaves nothing but the audit trail, the notifications and the mark of the deletion', async () => {
    service.clock.set(addMinutes(opensOn, 64_801));
    const { event = 0, notification = 0 } = await countsOf(groupId);
    expect((await service.call('DELETE', `groups/${groupId}`)).status).toBe(204);
    await service.host.drainFeeds();
    expect(await countsOf(groupId)).toEqual({ group: 1, event: event + 1, notification, job: 1 });
    // The job ends when no call that began before the deletion can still be under way.
    await service.scanAt(addSeconds(service.clock.now(), 599));
    expect(await jobsOf(groupId)).toHaveLength(1);
    await service.scanAt(addSeconds(service.clock.now(), 1));
    expect(await countsOf(groupId)).toEqual({ group: 1, event: event + 1, notification });
    expect(await packagesOf(service.system, groupId)).toEqual([]);
    const trail = await service.call<{ items: FleetEvent[] }>('GET', `groups/${groupId}/events?limit=1`);
    expect(trail.body.items).toMatchObject([{ kind: 'GroupDeleted' }]);
  });
});

describe('a job that nobody carries on', () => {
  test('is taken up by the scan after ten minutes, and not before', async () => {
    const groupId = await newFleet(10);
    ports.restFeeds(true);
    service.clock.set(opensOn);
    expect(await scanRenewals(service.system)).toMatchObject({ transitions: 1, jobs: 0, failures: [] });
    service.clock.set(addSeconds(opensOn, 599));
    expect(await scanRenewals(service.system)).toMatchObject({ transitions: 0, jobs: 0 });
    service.clock.set(addSeconds(opensOn, 600));
    expect(await scanRenewals(service.system)).toMatchObject({ jobs: 1, failures: [] });
    expect(await statusesOf(groupId)).toMatchObject({ PendingNewKey: 11 });
    expect(await jobsOf(groupId)).toEqual([]);
    ports.restFeeds(false);
  });

  test('stays due when it fails, and is reported', async () => {
    const groupId = await newFleet(10);
    ports.restFeeds(true);
    service.clock.set(opensOn);
    await scanRenewals(service.system);
    service.clock.set(addMinutes(opensOn, 10));
    ports.hook({
      before: (call) => {
        if (call.kind === 'store.write') throw unavailable(call);
      },
    });
    const failed = await scanRenewals(service.system);
    expect(failed.failures).toMatchObject([{ groupId }]);
    ports.hook({});
    expect(await scanRenewals(service.system)).toMatchObject({ jobs: 1, failures: [] });
    ports.restFeeds(false);
  });

  test('of a group that is deleted meanwhile comes to its end', async () => {
    const groupId = await newFleet(10);
    ports.restFeeds(true);
    service.clock.set(opensOn);
    await scanRenewals(service.system);
    await service.call('DELETE', `groups/${groupId}`);
    ports.restFeeds(false);
    await service.host.drainFeeds();
    await service.scanAt(addMinutes(service.clock.now(), 10));
    expect(Object.keys(await countsOf(groupId)).toSorted()).toEqual(['event', 'group', 'notification']);
  });
});

describe('packages', () => {
  test('that no key names are deleted when the window ends, and one that is being issued is kept', async () => {
    const groupId = await newFleet(0);
    await service.scanAt(opensOn);
    const orphan = await machine.newKey(actionOf(await machine.checkIn(), 'issueKey'));
    ports.hook({
      before: (call) => {
        if (call.kind === 'store.write') throw unavailable(call);
      },
    });
    ports.restFeeds(true);
    await machine.issue(orphan);
    ports.restFeeds(false);
    ports.hook({});
    await machine.follow(await machine.checkIn());
    const renewed = await service.group(groupId);
    const secondary = `${groupId}/1/${renewed.secondaryKey?.thumbprint}`;
    const primary = `${groupId}/2/${renewed.primaryKey?.thumbprint}`;
    const dates = { notBefore: START, notAfter: START };
    const next = { groupId, version: 3, thumbprint: 'A'.repeat(43) };
    await service.system.vault.put(next, Uint8Array.of(0x30), dates);
    expect(await packagesOf(service.system, groupId)).toEqual(expect.arrayContaining([secondary, primary]));
    expect(await packagesOf(service.system, groupId)).toHaveLength(4);

    await service.scanAt(renewed.renewal?.endsOn as Instant);
    expect((await packagesOf(service.system, groupId)).toSorted()).toEqual([
      primary,
      `${groupId}/3/${next.thumbprint}`,
    ]);
  });

  test('stay while the vault does not delete them, and go later', async () => {
    const groupId = await newFleet(0);
    await service.scanAt(opensOn);
    await machine.follow(await machine.checkIn());
    const endsOn = (await service.group(groupId)).renewal?.endsOn as Instant;
    ports.restFeeds(true);
    service.clock.set(endsOn);
    await scanRenewals(service.system);
    ports.hook({
      before: (call) => {
        if (call.kind === 'vault.delete') throw unavailable(call);
      },
    });
    service.clock.set(addMinutes(endsOn, 10));
    expect((await scanRenewals(service.system)).failures).toMatchObject([{ groupId }]);
    expect(await packagesOf(service.system, groupId)).toHaveLength(2);
    ports.hook({});
    expect((await scanRenewals(service.system)).failures).toEqual([]);
    expect(await packagesOf(service.system, groupId)).toHaveLength(1);
    ports.restFeeds(false);
  });
});

/** One piece of the group's only job; the write that ends it fails at that point, before or after it is done. */
async function pieceThatFails(groupId: string, point: 'before' | 'after' | null): Promise<void> {
  const [job, ...others] = await jobsOf(groupId);
  expect(others).toEqual([]);
  if (job === undefined) throw new Error('the job is done');
  if (point === null) return carryOn(service.system, job);
  ports.hook({
    [point]: (call: Parameters<typeof unavailable>[0]) => {
      const isEnd =
        call.kind === 'store.write' &&
        call.operations.some((operation) => idOf(operation) === job.document.id);
      if (isEnd) throw unavailable(call);
    },
  });
  await expect(carryOn(service.system, job)).rejects.toThrow('by the test');
  ports.hook({});
}

function idOf(operation: { id: string } | { document: FleetDocument }): string {
  return 'id' in operation ? operation.id : operation.document.id;
}

async function countsOf(groupId: string): Promise<Partial<Record<DocumentType, number>>> {
  const { documents } = await service.system.feed.changes(null, Number.MAX_SAFE_INTEGER);
  const counts: Partial<Record<DocumentType, number>> = {};
  for (const { type } of documents.filter((document) => document.groupId === groupId)) {
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}
