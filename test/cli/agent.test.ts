// What an agent does by itself: whom it trusts, what it keeps, and what it asks a person for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentRecords } from '../../cli/agent/agent-records.ts';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { exportNewestKey } from '../../cli/agent/export-pfx.ts';
import { leave } from '../../cli/agent/leave.ts';
import { regeneratePassword } from '../../cli/agent/regenerate-password.ts';
import { rejoin } from '../../cli/agent/rejoin.ts';
import { agentStatus } from '../../cli/agent/status.ts';
import { preparedGroupKey } from '../service/prepared-keys.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import {
  endWindow,
  fleetOf,
  heldVersions,
  joinGroup,
  nth,
  openWindow,
  password,
  PASSWORD,
  testAgent,
} from './test-agents.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('Joining', () => {
  test('asks the first machine to choose the password, and tells it when the service has taken it', async () => {
    const { id } = await service.newGroup();
    const given = password();
    await joinGroup(service, testAgent(service), await service.enroll(id), given);
    expect(given.asked).toEqual(['chosen', 'chosen', 'accepted']);
  });

  test('with a wrong password says so and leaves nothing that blocks a second try', async () => {
    const { token } = await fleetOf(service, 1);
    const joiner = testAgent(service);
    const wrong = joinGroup(service, joiner, token, password('not the password'));
    await expect(wrong).rejects.toMatchObject({ exit: 'wrongPassword' });
    expect(heldVersions(joiner)).toEqual([]);
    expect(await joinGroup(service, joiner, token)).toMatchObject({ keyDeliveryStatus: 'Default' });
  });

  test('waits while another machine makes the first key, and then picks it up', async () => {
    const { id } = await service.newGroup();
    const token = await service.enroll(id);
    const held = Promise.withResolvers<void>();
    const first = testAgent(service, {
      newGroupKey: async (options) => {
        await held.promise;
        return preparedGroupKey(options);
      },
    });
    const firstJoining = joinGroup(service, first, token);
    await expect.poll(() => first.steps).toContain('join-answered');
    const second = testAgent(service);
    const secondJoining = joinGroup(service, second, token);
    await expect.poll(() => second.events.map(({ event }) => event)).toContain('waiting');
    held.resolve();
    await firstJoining;
    service.clock.advanceSeconds(20);
    expect(await secondJoining).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 1 });
  });

  test('again with the same folder is the same machine, and with another group is refused', async () => {
    const fleet = await fleetOf(service, 1);
    const agent = nth(fleet, 0);
    const before = await agentStatus(agent);
    await joinGroup(service, agent, fleet.token, password(), 'renamed');
    expect((await agentStatus(agent)).machineId).toBe(before.machineId);
    expect((await service.group(fleet.groupId)).machineCount).toBe(1);
    const other = await service.enroll((await service.newGroup()).id);
    await expect(joinGroup(service, agent, other)).rejects.toMatchObject({ exit: 'folder' });
  });

  test('another group is allowed as long as the folder never got a key', async () => {
    const { token } = await fleetOf(service, 1);
    const agent = testAgent(service);
    await expect(joinGroup(service, agent, token, password('not the password'))).rejects.toMatchObject({
      exit: 'wrongPassword',
    });
    const other = await service.enroll((await service.newGroup()).id);
    expect(await joinGroup(service, agent, other)).toMatchObject({ keyDeliveryStatus: 'Default' });
  });

  test('takes a token of its form alone', async () => {
    await expect(joinGroup(service, testAgent(service), 'kt1.x')).rejects.toMatchObject({ exit: 'usage' });
  });
});

describe('A renewal', () => {
  test('brings the new key to each machine, and takes the old one away when the window ends', async () => {
    const fleet = await fleetOf(service, 2);
    await openWindow(service, fleet);
    for (const agent of fleet.agents) {
      expect(await checkInOnce(agent)).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
      expect(heldVersions(agent)).toEqual(['key-1.json', 'key-2.json']);
    }
    await endWindow(service, fleet);
    for (const agent of fleet.agents) {
      await checkInOnce(agent);
      expect(heldVersions(agent)).toEqual(['key-2.json']);
    }
  });

  test('that a machine missed brings it back by the regenerated password, as the same machine', async () => {
    const fleet = await fleetOf(service, 2);
    const [current, late] = [nth(fleet, 0), nth(fleet, 1)];
    const { machineId } = await agentStatus(late);
    await openWindow(service, fleet);
    await checkInOnce(current);
    await endWindow(service, fleet);
    expect((await checkInOnce(late)).actions).toEqual([{ action: 'rejoin' }]);

    const tooEarly = password();
    await expect(rejoin(late, tooEarly)).rejects.toMatchObject({ code: 'GroupPasswordStale' });
    expect(tooEarly.asked).toEqual([]);
    await expect(regeneratePassword(late, password())).rejects.toMatchObject({ exit: 'refused' });
    await regeneratePassword(current, password('the regenerated one'));
    await expect(rejoin(late, password())).rejects.toMatchObject({ exit: 'wrongPassword' });
    expect(heldVersions(late)).toEqual(['key-1.json']);
    const answer = await rejoin(late, password('the regenerated one'));
    expect(answer).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2, machineId });
  });

  test('asks an outdated agent to update, and refuses to let it rejoin', async () => {
    const fleet = await fleetOf(service, 2);
    const outdated = { ...nth(fleet, 1), version: '2.21' };
    await openWindow(service, fleet);
    await checkInOnce(nth(fleet, 0));
    expect((await checkInOnce(outdated)).actions).toEqual([
      { action: 'updateAgent', minimumVersion: '2.23' },
    ]);
    await endWindow(service, fleet);
    await expect(rejoin(outdated, password())).rejects.toMatchObject({ code: 'AgentOutdated' });
  });

  test('needs no password of a machine that asks to rejoin while it could just pick the key up', async () => {
    const fleet = await fleetOf(service, 2);
    await openWindow(service, fleet);
    await checkInOnce(nth(fleet, 0));
    const given = password();
    expect(await rejoin(nth(fleet, 1), given)).toMatchObject({ keyDeliveryStatus: 'Default' });
    expect(nth(fleet, 1).events.map(({ event }) => event)).toContain('rejoinUnneeded');
    expect(given.asked).toEqual([]);
  });
});

describe('Beside the network', () => {
  test('an agent knows its status, and why the last check-in failed', async () => {
    const fleet = await fleetOf(service, 1);
    const agent = nth(fleet, 0);
    expect(await agentStatus(agent)).toMatchObject({
      groupId: fleet.groupId,
      keyDeliveryStatus: 'Default',
      keys: [{ version: 1, provedOn: service.clock.now() }],
      lastError: null,
    });
    const offline = { ...agent, connect: () => agent.connect('http://127.0.0.1:1') };
    await expect(checkInOnce(offline)).rejects.toMatchObject({ name: 'ServiceUnreachable' });
    expect(await agentStatus(agent)).toMatchObject({
      keyDeliveryStatus: 'Default',
      lastError: { code: 'ServiceUnreachable' },
      nextCheckInOn: null,
    });
  });

  test('a folder without a machine is said to be one', async () => {
    await expect(agentStatus(testAgent(service))).rejects.toMatchObject({ exit: 'folder' });
    await expect(checkInOnce(testAgent(service))).rejects.toMatchObject({ exit: 'folder' });
  });

  test('the newest proved key is exported, under a password long enough', async () => {
    const agent = nth(await fleetOf(service, 1), 0);
    const { version, pfx } = await exportNewestKey(agent, async () => PASSWORD);
    expect([version, pfx[0]]).toEqual([1, 0x30]);
    const short = exportNewestKey(agent, async () => 'short');
    await expect(short).rejects.toMatchObject({ code: 'PasswordTooShort' });
  });
});

describe('Leaving', () => {
  test('tells the service and deletes everything', async () => {
    const fleet = await fleetOf(service, 1);
    await leave(nth(fleet, 0), false);
    expect(nth(fleet, 0).folder.texts.size).toBe(0);
    expect((await service.group(fleet.groupId)).machineCount).toBe(0);
  });

  test('without the service takes force', async () => {
    const agent = nth(await fleetOf(service, 1), 0);
    const offline = { ...agent, connect: () => agent.connect('http://127.0.0.1:1') };
    await expect(leave(offline, false)).rejects.toMatchObject({ name: 'ServiceUnreachable' });
    expect(heldVersions(agent)).toEqual(['key-1.json']);
    expect(await leave(offline, true)).toEqual({ told: false, wasMember: true });
    expect(agent.folder.texts.size).toBe(0);
  });

  test('goes well for a machine that was removed already', async () => {
    const fleet = await fleetOf(service, 1);
    const agent = nth(fleet, 0);
    const { machineId } = await agentStatus(agent);
    await service.call('DELETE', `groups/${fleet.groupId}/machines/${machineId}`);
    expect(await leave(agent, false)).toEqual({ told: true, wasMember: true });
    expect(agent.folder.texts.size).toBe(0);
  });
});

test('A record that is damaged is named, and neither overwritten nor guessed at', async () => {
  const agent = nth(await fleetOf(service, 1), 0);
  for (const name of ['key-1.json', 'agent.json', 'identity.pem']) {
    const whole = agent.folder.texts.get(name) ?? '';
    for (const damaged of ['', '{}', whole.slice(0, -20), whole.replace('"format": 1', '"format": 2')]) {
      if (damaged === whole) continue;
      agent.folder.texts.set(name, damaged);
      const failure = checkInOnce(agent);
      await expect(failure).rejects.toMatchObject({ exit: 'folder', message: expect.stringContaining(name) });
      expect(agent.folder.texts.get(name)).toBe(damaged);
    }
    agent.folder.texts.set(name, whole);
  }
  const records = new AgentRecords(agent.folder);
  expect((await records.heldKeys()).map(({ version }) => version)).toEqual([1]);
});
