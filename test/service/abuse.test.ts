// What somebody with bad intentions, or a machine that is out of order, must not be able to do to a group or to the service.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { FleetEvent } from '../../shared/domain/event.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import { actionOf, joined, ProtocolMachine } from './protocol-machine.ts';
import { startService } from './running-service.ts';
import type { RunningService } from './running-service.ts';

const MINIMUM = { groupKeyValidityPeriod: 129_600, groupKeyExpiryGracePeriod: 64_800 };

const ports = hookedPorts();
let service: RunningService;
beforeAll(async () => {
  service = await startService(ports.parts);
});
afterAll(() => service.stop());

async function openWindow(groupId: string): Promise<void> {
  await service.scanAt((await service.group(groupId)).nextRenewalDate as Instant);
}

test('a body or query of thousands of unknown fields is refused in an answer that is no longer than it', async () => {
  const body = JSON.stringify(
    Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`f${index}`, 0])),
  );
  const { groupId, ...machine } = await joined(service, (await service.newGroup()).id);
  for (const path of [`groups/${groupId}/machines/${machine.id}/check-in`, `groups`]) {
    const answer = await service.call('POST', path, body);
    expect(JSON.stringify(answer.body).length).toBeLessThan(body.length);
  }
  const query = Array.from({ length: 1000 }, (_, index) => `f${index}=1`).join('&');
  const answer = await service.call<{ errors: unknown[] }>('GET', `health?${query}`);
  expect(answer.code).toBe('InvalidRequest');
  expect(answer.body.errors).toHaveLength(20);
});

test('a removed machine cannot get at the next key through an accomplice that has only joined', async () => {
  const { id } = await service.newGroup();
  const issuer = await joined(service, id);
  const removed = await joined(service, id, 'removed');
  const accomplice = await ProtocolMachine.make(service, id, 'accomplice');
  await service.call('DELETE', removed.path);
  await openWindow(id);
  await issuer.follow(await issuer.checkIn());
  await accomplice.join(await service.enroll(id));
  const fetched = await accomplice.getPackage(2);
  expect(fetched.body?.certificateWrap ?? null).toBeNull();
  const held = await issuer.getPackage(2);
  expect(held.body.certificateWrap).toBeNull();
});

test('a machine that never issues keeps the lease from the others for one lease at most', async () => {
  const { id } = await service.newGroup();
  const hog = await joined(service, id, 'hog');
  const sound = await joined(service, id, 'sound');
  await openWindow(id);
  actionOf(await hog.checkIn(), 'issueKey');
  service.clock.advanceMinutes(10);
  expect((await hog.checkIn()).body.actions).toEqual([{ action: 'wait' }]);
  expect((await sound.follow(await sound.checkIn())).body.keyVersion).toBe(2);
});

test('a machine that is removed gives its lease back', async () => {
  const { id } = await service.newGroup();
  const issuer = await joined(service, id, 'issuer');
  const other = await joined(service, id, 'other');
  await openWindow(id);
  actionOf(await issuer.checkIn(), 'issueKey');
  await service.call('DELETE', issuer.path);
  expect(actionOf(await other.checkIn(), 'issueKey').version).toBe(2);
});

test('a vault that is down for one group’s clean-up holds up no other group', async () => {
  const deleted = (await joined(service, (await service.newGroup()).id)).groupId;
  const other = await joined(service, (await service.newGroup()).id);
  ports.hook({
    before: (call) => {
      if (call.kind.startsWith('vault')) throw unavailable(call);
    },
  });
  await service.call('DELETE', `groups/${deleted}`);
  await openWindow(other.groupId);
  expect((await service.group(other.groupId)).machinesByStatus).toMatchObject({ PendingNewKey: 1 });
  ports.hook({});
  await service.scanAt(addMinutes(service.clock.now(), 11));
  expect(await service.system.vault.list(deleted)).toEqual([]);
});

test('a window that is due as the last one ends waits until who missed that has been written down', async () => {
  const { id } = await service.newGroup();
  const issuer = await joined(service, id, 'issuer');
  const lost = await joined(service, id, 'lost');
  await openWindow(id);
  await issuer.follow(await issuer.checkIn());
  await service.call('PATCH', `groups/${id}`, MINIMUM);
  ports.restFeeds(true);
  service.clock.set((await service.group(id)).renewal?.endsOn as Instant);
  await issuer.checkIn();
  expect((await issuer.checkIn()).body.group.status).toBe('Active');
  expect((await service.call('POST', `groups/${id}/renewals`)).code).toBe('RenewalInProgress');
  ports.restFeeds(false);
  await service.host.drainFeeds();
  expect((await issuer.checkIn()).body.group.renewal?.version).toBe(3);
  await service.host.drainFeeds();
  const { body } = await service.call<{ items: FleetEvent[] }>(
    'GET',
    `groups/${id}/events?machineId=${lost.id}`,
  );
  const statuses = body.items.filter(({ keyDeliveryStatus }) => keyDeliveryStatus !== null);
  expect(statuses.map(({ renewal, keyDeliveryStatus }) => `${renewal} ${keyDeliveryStatus?.to}`)).toEqual([
    '3 PendingNewKey',
    '2 KeyExpired',
    '2 PendingNewKey',
    '1 Default',
  ]);
});

test('other bytes for a certificate that was handed in are refused, and not with a 500', async () => {
  const { id } = await service.newGroup();
  const machine = await ProtocolMachine.make(service, id);
  const action = actionOf(await machine.join(await service.enroll(id)), 'issueKey');
  const body = await machine.newKey(action);
  ports.hook({
    before: (call) => {
      if (call.kind === 'store.write') throw unavailable(call);
    },
  });
  expect((await machine.issue(body)).status).toBe(503);
  ports.hook({});
  const key = machine.held.get(1)?.key;
  if (key === undefined) throw new Error('the key was made');
  expect((await machine.issue(await machine.handIn(action, key))).code).toBe('PackageInvalid');
  expect((await machine.issue(body)).status).toBe(201);
});
