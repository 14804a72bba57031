// The corner cases of the documents that describe the system we follow: windows, through HTTP with the real agent's code.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { codeOf, groupOf, RealAgent } from '../service/real-agent.ts';
import { PASSWORD } from '../service/protocol-machine.ts';

const MINIMUM = { groupKeyValidityPeriod: 129_600, groupKeyExpiryGracePeriod: 64_800 };

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

async function openWindow(groupId: string): Promise<void> {
  await service.scanAt((await service.group(groupId)).nextRenewalDate as Instant);
  expect((await service.group(groupId)).status).toBe('Renewing');
}

async function endWindow(groupId: string): Promise<void> {
  await service.scanAt((await service.group(groupId)).renewal?.endsOn as Instant);
}

describe('joining during a window', () => {
  test('with the old password before a new key exists admits the machine as pending, and it gets the new key too', async () => {
    const { groupId, agents } = await groupOf(service, ['first']);
    await openWindow(groupId);
    const late = new RealAgent(service, groupId, 'late');
    expect(await late.join()).toMatchObject({ keyDeliveryStatus: 'PendingNewKey', keyVersion: 1 });
    expect((await agents[0]?.checkIn())?.keyVersion).toBe(2);
    expect(await late.checkIn()).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
  });

  test('is refused once a new key exists, until the password is regenerated; then it gives the new key at once', async () => {
    const { groupId, agents } = await groupOf(service, ['first']);
    await openWindow(groupId);
    await agents[0]?.checkIn();
    const late = new RealAgent(service, groupId, 'late');
    const token = await service.enroll(groupId, { uses: 1 });
    expect(await codeOf(late.join(PASSWORD, token))).toBe('GroupPasswordStale');
    await agents[0]?.regenerate('a new group password');
    expect((await service.group(groupId)).passwordStale).toBe(false);
    expect(await codeOf(late.join(PASSWORD, token))).toBe('wrongPassword');
    expect(await late.join('a new group password', token)).toMatchObject({
      keyDeliveryStatus: 'Default',
      keyVersion: 2,
    });
    expect(await late.heldVersions()).toEqual([2]);
  });
});

describe('an empty group', () => {
  test('whose machines have all been removed expires, and says so to whoever wants to join it', async () => {
    const { groupId, agents } = await groupOf(service, ['only']);
    const { id } = (await agents[0]?.view()) ?? { id: '' };
    expect((await service.call('DELETE', `groups/${groupId}/machines/${id}`)).status).toBe(204);
    const token = await service.enroll(groupId, { lifetimeMinutes: 43_200 });
    await openWindow(groupId);
    await service.scanAt((await service.group(groupId)).keyExpiryDate as Instant);
    expect(await service.group(groupId)).toMatchObject({
      status: 'KeyExpired',
      machineCount: 0,
      nextRenewalDate: null,
    });
    expect((await service.call('POST', `groups/${groupId}/enrollment-tokens`, {})).code).toBe(
      'GroupKeyExpired',
    );
    expect((await service.call('POST', `groups/${groupId}/renewals`)).code).toBe('GroupKeyExpired');
    expect(await codeOf(new RealAgent(service, groupId, 'late').join(PASSWORD, token))).toBe(
      'EnrollmentTokenExpired',
    );
  });

  test('without a key never expires and has nothing to renew', async () => {
    const { id } = await service.newGroup();
    await service.scanAt(addMinutes(service.clock.now(), 6_000_000));
    expect(await service.group(id)).toMatchObject({ status: 'NoKey', nextRenewalDate: null });
    expect((await service.call('POST', `groups/${id}/renewals`)).code).toBe('GroupHasNoKey');
  });
});

describe('machines that miss a window', () => {
  test('all of them: the group is unusable, and rejoining is refused', async () => {
    const { groupId, agents } = await groupOf(service, ['one', 'two']);
    await openWindow(groupId);
    await service.scanAt((await service.group(groupId)).keyExpiryDate as Instant);
    expect(await service.group(groupId)).toMatchObject({
      status: 'KeyExpired',
      machinesByStatus: { Default: 0, PendingNewKey: 0, KeyExpired: 2 },
    });
    expect(await agents[0]?.checkIn()).toMatchObject({
      keyDeliveryStatus: 'KeyExpired',
      policy: 'GroupUnusable',
    });
    expect(await codeOf(agents[1]?.rejoin(PASSWORD) ?? Promise.resolve())).toBe('GroupKeyExpired');
  });

  test('some of them: they rejoin after the password is regenerated, and stay the same machines', async () => {
    const { groupId, agents } = await groupOf(service, ['updated', 'lost']);
    const [updated, lost] = agents as [RealAgent, RealAgent];
    const before = await lost.view();
    await openWindow(groupId);
    await updated.checkIn();
    await endWindow(groupId);
    expect((await lost.view()).keyDeliveryStatus).toBe('KeyExpired');
    expect(await lost.checkIn()).toMatchObject({ policy: 'MissedWindow', actions: [{ action: 'rejoin' }] });
    expect(await codeOf(lost.rejoin(PASSWORD))).toBe('GroupPasswordStale');
    await updated.regenerate('a new group password');
    expect(await codeOf(lost.rejoin(PASSWORD))).toBe('wrongPassword');
    expect(await lost.rejoin('a new group password')).toMatchObject({
      keyDeliveryStatus: 'Default',
      keyVersion: 2,
    });
    const after = await lost.view();
    expect(after).toMatchObject({ id: before.id, name: before.name, registeredDate: before.registeredDate });
    await lost.checkIn();
    expect(await lost.heldVersions()).toEqual([2]);
  });

  test('and the next one opens: a machine two keys behind is pending, is told to rejoin, and comes back by password', async () => {
    const { groupId, agents } = await groupOf(service, ['updated', 'lost']);
    const [updated, lost] = agents as [RealAgent, RealAgent];
    await openWindow(groupId);
    await updated.checkIn();
    await endWindow(groupId);
    await updated.checkIn();
    await openWindow(groupId);
    expect(await lost.checkIn()).toMatchObject({
      keyDeliveryStatus: 'PendingNewKey',
      actions: [{ action: 'rejoin' }],
    });
    await updated.checkIn();
    expect(await lost.checkIn()).toMatchObject({
      keyDeliveryStatus: 'PendingNewKey',
      actions: [{ action: 'rejoin' }],
    });
    await updated.regenerate('a third group password');
    expect(await lost.rejoin('a third group password')).toMatchObject({
      keyDeliveryStatus: 'Default',
      keyVersion: 3,
    });
  });
});

test('agent 2.21 is told to update, left pending, then expired; updated, it rejoins', async () => {
  const { groupId, agents } = await groupOf(service, ['updated', 'outdated']);
  const [updated, outdated] = agents as [RealAgent, RealAgent];
  outdated.version = '2.21';
  expect(await outdated.checkIn()).toMatchObject({ keyDeliveryStatus: 'Default', policy: 'UpToDate' });
  expect(await outdated.view()).toMatchObject({ agentVersion: '2.21', agentCanRenew: false });
  await openWindow(groupId);
  const told = { actions: [{ action: 'updateAgent', minimumVersion: '2.23' }] };
  expect(await outdated.checkIn()).toMatchObject({ keyDeliveryStatus: 'PendingNewKey', ...told });
  await updated.checkIn();
  expect(await outdated.checkIn()).toMatchObject({ keyDeliveryStatus: 'PendingNewKey', ...told });
  await endWindow(groupId);
  expect(await outdated.checkIn()).toMatchObject({
    keyDeliveryStatus: 'KeyExpired',
    actions: [{ action: 'updateAgent' }, { action: 'rejoin' }],
  });
  await updated.regenerate('a new group password');
  expect(await codeOf(outdated.rejoin('a new group password'))).toBe('AgentOutdated');
  outdated.version = '2.23';
  expect(await outdated.rejoin('a new group password')).toMatchObject({ keyDeliveryStatus: 'Default' });
});

test('an agent that is updated while the window is open picks the key up like the rest', async () => {
  const { groupId, agents } = await groupOf(service, ['updated', 'outdated']);
  const [updated, outdated] = agents as [RealAgent, RealAgent];
  outdated.version = '2.9';
  await openWindow(groupId);
  await updated.checkIn();
  await outdated.checkIn();
  outdated.version = '2.23.0';
  expect(await outdated.checkIn()).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
});

describe('a change of policy', () => {
  test('that shortens the validity below the key’s age opens a window at the next scan; it lasts the grace period', async () => {
    const { groupId, agents } = await groupOf(service, ['one']);
    await service.scanAt(addMinutes(service.clock.now(), 200_000));
    expect((await service.call('PATCH', `groups/${groupId}`, MINIMUM)).status).toBe(200);
    const opened = addMinutes(service.clock.now(), 5);
    await service.scanAt(opened);
    expect(await service.group(groupId)).toMatchObject({
      status: 'Renewing',
      renewal: { reason: 'PolicyChanged', startsOn: opened, endsOn: addMinutes(opened, 64_800) },
    });
    await agents[0]?.checkIn();
    const { primaryKey, renewal } = await service.group(groupId);
    expect(primaryKey?.notAfter).toBe(addMinutes(opened, MINIMUM.groupKeyValidityPeriod));
    await service.scanAt(renewal?.endsOn as Instant);
    // With a grace period of half the validity, the next window opens as this one ends.
    expect(await service.group(groupId)).toMatchObject({ secondaryKey: null, renewal: { version: 3 } });
  });

  test('that lengthens the validity changes nothing now: the key renews by its own expiry', async () => {
    const { groupId } = await groupOf(service, ['one'], MINIMUM);
    const before = await service.group(groupId);
    await service.call('PATCH', `groups/${groupId}`, { groupKeyValidityPeriod: 2_628_000 });
    expect(await service.group(groupId)).toMatchObject({
      nextRenewalDate: before.nextRenewalDate,
      keyExpiryDate: before.keyExpiryDate,
    });
  });

  test.each([
    ['shortest', MINIMUM, 64_800],
    ['longest', { groupKeyValidityPeriod: 2_628_000, groupKeyExpiryGracePeriod: 1_314_000 }, 1_314_000],
  ])('with the %s grace period the window is as long as that, to the second', async (_, policy, grace) => {
    const { groupId, agents } = await groupOf(service, ['one'], policy);
    const { nextRenewalDate, keyExpiryDate } = await service.group(groupId);
    expect(keyExpiryDate).toBe(addMinutes(nextRenewalDate as Instant, grace));
    await service.scanAt(addSeconds(nextRenewalDate as Instant, -1));
    expect((await service.group(groupId)).status).toBe('Active');
    await openWindow(groupId);
    await agents[0]?.checkIn();
    await service.scanAt(addSeconds(keyExpiryDate as Instant, -1));
    expect((await service.group(groupId)).status).toBe('Renewing');
    await service.scanAt(keyExpiryDate as Instant);
    // Half of the validity being grace, the next window opens as this one ends.
    expect(await service.group(groupId)).toMatchObject({
      primaryKey: { version: 2 },
      secondaryKey: null,
      renewal: { version: 3, startsOn: keyExpiryDate },
    });
  });

  test('is refused one minute beyond either bound', async () => {
    const { groupId } = await groupOf(service, ['one'], MINIMUM);
    for (const grace of [64_799, 64_801]) {
      const answer = await service.call('PATCH', `groups/${groupId}`, { groupKeyExpiryGracePeriod: grace });
      expect(answer).toMatchObject({
        code: 'PolicyOutOfRange',
        body: { errors: [{ pointer: '/groupKeyExpiryGracePeriod', minimum: 64_800, maximum: 64_800 }] },
      });
    }
  });
});

test('an operator’s early window stays open past its end while nobody has issued a key', async () => {
  const { groupId, agents } = await groupOf(service, ['one']);
  expect((await service.call('POST', `groups/${groupId}/renewals`)).status).toBe(201);
  expect((await service.call('POST', `groups/${groupId}/renewals`)).code).toBe('RenewalInProgress');
  const { renewal } = await service.group(groupId);
  const late = addMinutes(renewal?.endsOn as Instant, 10_000);
  await service.scanAt(late);
  expect((await service.group(groupId)).status).toBe('Renewing');
  await agents[0]?.checkIn();
  expect((await service.group(groupId)).renewal).toMatchObject({
    keyIssuedOn: late,
    endsOn: addMinutes(late, 262_800),
  });
});

describe('a group that is deleted under its machines', () => {
  test('refuses them at once, and still does when everything is cleaned up', async () => {
    const { groupId, agents } = await groupOf(service, ['one', 'two']);
    expect((await service.call('DELETE', `groups/${groupId}`)).status).toBe(204);
    expect(await codeOf(agents[0]?.checkIn() ?? Promise.resolve())).toBe('GroupDeleted');
    await service.host.drainFeeds();
    expect(await codeOf(agents[1]?.checkIn() ?? Promise.resolve())).toBe('GroupDeleted');
    expect(await service.system.vault.list(groupId)).toEqual([]);
    expect((await service.call('GET', `groups/${groupId}`)).status).toBe(410);
    const events = await service.call<{ items: { kind: string }[] }>('GET', `groups/${groupId}/events`);
    expect(events.body.items.map(({ kind }) => kind)).toContain('GroupDeleted');
  });
});

describe('a machine that is removed', () => {
  test('is refused on its next call, and comes back as a new machine with a token and the password', async () => {
    const { groupId, agents } = await groupOf(service, ['one', 'two']);
    const { id } = (await agents[1]?.view()) ?? { id: '' };
    await service.call('DELETE', `groups/${groupId}/machines/${id}`);
    expect(await codeOf(agents[1]?.checkIn() ?? Promise.resolve())).toBe('MachineRemoved');
    expect(await codeOf(agents[1]?.rejoin(PASSWORD) ?? Promise.resolve())).toBe('MachineRemoved');
    expect(await service.group(groupId)).toMatchObject({ machineCount: 1 });
    const back = new RealAgent(service, groupId, 'two');
    expect(await back.join()).toMatchObject({ keyDeliveryStatus: 'Default' });
    expect((await back.view()).id).not.toBe(id);
  });
});
