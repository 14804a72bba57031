// Moments between two steps of one call: what others do just then must not be undone or lost.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Machine } from '../../shared/domain/machine.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { FleetEvent } from '../../shared/domain/event.ts';
import { newJob } from '../../shared/domain/job.ts';
import { carryOn } from '../../shared/services/jobs.ts';
import type { GroupSnapshot } from './group-snapshot.ts';
import { snapshotOf } from './group-snapshot.ts';
import type { PortCall } from './hooked-ports.ts';
import { hookedPorts } from './hooked-ports.ts';
import type { ProtocolMachine } from './protocol-machine.ts';
import { actionOf, cloned, joined } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { documentsOf } from './service-state.ts';

const ports = hookedPorts();
let service: RunningService;
let issuer: ProtocolMachine;
let second: ProtocolMachine;
let renewing: GroupSnapshot;
beforeAll(async () => {
  service = await startService(ports.parts);
  issuer = await joined(service, (await service.newGroup()).id);
  [second = issuer] = await cloned(issuer, 1);
  await service.call('POST', `groups/${issuer.groupId}/renewals`);
  renewing = await snapshotOf(service, issuer.groupId);
});
beforeEach(() => renewing.restore());
afterAll(() => service.stop());

/** Does something once, the first time that the port is called so. */
function once(kind: PortCall['kind'], act: () => Promise<unknown>): void {
  ports.hook({
    before: async (call) => {
      if (call.kind !== kind) return;
      ports.hook({});
      await act();
    },
  });
}

function remove(machine: ProtocolMachine): Promise<unknown> {
  return service.call('DELETE', machine.path);
}

test('a machine that is removed while it hands in the key stays removed, and its key is not taken', async () => {
  const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
  once('vault.put', () => remove(issuer));
  expect((await issuer.issue(body)).code).toBe('MachineRemoved');
  expect(await membershipOf(issuer)).toBe('removed');
  expect(await service.group(issuer.groupId)).toMatchObject({ primaryKey: { version: 1 }, machineCount: 1 });
  expect((await issuer.checkIn()).code).toBe('MachineRemoved');
});

test('a machine that is removed while it checks in gets no lease', async () => {
  const start = service.clock.now();
  service.clock.set(addMinutes(start, 60));
  once('store.write', () => remove(issuer));
  expect((await issuer.checkIn()).code).toBe('MachineRemoved');
  expect(actionOf(await second.checkIn(), 'issueKey').version).toBe(2);
  service.clock.set(start);
});

test('a machine that is removed while it proves a key stays removed', async () => {
  await issuer.follow(await issuer.checkIn());
  const action = actionOf(await second.checkIn(), 'fetchKey');
  await second.open(action);
  once('store.write', () => remove(second));
  expect((await second.prove(action)).code).toBe('MachineRemoved');
  expect(await membershipOf(second)).toBe('removed');
});

test('a package that is taken for one of two calls, the other too late for the lease, is not deleted', async () => {
  const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
  const start = service.clock.now();
  const tooLate = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  let other: Promise<Answer> | undefined;
  // The first call is about to write when the second comes; for that one the lease runs out, and as it looks whether its
  // package is needed, the first one writes.
  ports.hook({
    before: async ({ kind }) => {
      if (kind === 'vault.put' && other) service.clock.set(addMinutes(start, 10));
      if (kind !== 'store.write' || other) return;
      other = issuer.issue(body);
      await tooLate.promise;
    },
    after: async (call) => {
      if (call.kind !== 'store.read' || call.id !== 'key:2') return;
      tooLate.resolve();
      await written.promise;
    },
  });
  const first = await issuer.issue(body);
  written.resolve();
  expect([first.status, (await other)?.code]).toEqual([201, 'LeaseNotHeld']);
  ports.hook({});
  service.clock.set(start);
  expect((await second.getPackage(2)).status).toBe(200);
});

test('a fan-out that meets a renewal on its way tells nobody that it missed it', async () => {
  await issuer.checkIn();
  const job = newJob('fanOut', issuer.groupId, 'by-the-test', service.clock.now());
  ports.restFeeds(true);
  const [version = ''] = await service.system.store.write(job.groupId, [{ kind: 'create', document: job }]);
  once('store.query', async () => {
    await issuer.follow(await issuer.checkIn());
  });
  await carryOn(service.system, { document: job, version: version ?? '' });
  ports.restFeeds(false);
  const events = await documentsOf<FleetEvent>(service, issuer.groupId, 'event');
  expect(events.filter(({ keyDeliveryStatus }) => keyDeliveryStatus?.to === 'KeyExpired')).toEqual([]);
  expect(await service.group(issuer.groupId)).toMatchObject({
    machinesByStatus: { Default: 1, PendingNewKey: 1, KeyExpired: 0 },
  });
});

async function membershipOf(machine: ProtocolMachine): Promise<string | undefined> {
  const stored = await service.system.store.read<Machine>(machine.groupId, machine.id);
  return stored?.document.membership;
}
