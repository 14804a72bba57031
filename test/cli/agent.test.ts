// What an agent does by itself: whom it trusts, what it keeps, and what it asks a person for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentRecords } from '../../cli/agent/agent-records.ts';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { exportNewestKey } from '../../cli/agent/export-pfx.ts';
import { leave } from '../../cli/agent/leave.ts';
import { regeneratePassword } from '../../cli/agent/regenerate-password.ts';
import { rejoin } from '../../cli/agent/rejoin.ts';
import { reasonToKeep } from '../../cli/agent/retire-key.ts';
import { agentStatus } from '../../cli/agent/status.ts';
import type { CheckInAnswer, KeyPackageView } from '../../shared/api/check-in.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { preparedGroupKey, STRANGERS_PRIVATE_KEY } from '../service/prepared-keys.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { joinGroup, password, PASSWORD, testAgent, throughClient } from './test-agents.ts';
import type { TestAgent } from './test-agents.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

interface Fleet {
  readonly groupId: string;
  readonly token: string;
  readonly agents: readonly TestAgent[];
}

async function fleetOf(count: number): Promise<Fleet> {
  const { id } = await service.newGroup();
  const token = await service.enroll(id);
  const agents = Array.from({ length: count }, () => testAgent(service));
  for (const agent of agents) await joinGroup(service, agent, token);
  return { groupId: id, token, agents };
}

function nth(fleet: Fleet, index: number): TestAgent {
  const agent = fleet.agents[index];
  if (agent === undefined) throw new Error(`the fleet has no agent ${index}`);
  return agent;
}

async function openWindow({ groupId }: Fleet): Promise<void> {
  expect((await service.call('POST', `groups/${groupId}/renewals`)).status).toBe(201);
}

async function endWindow({ groupId }: Fleet): Promise<void> {
  const { renewal } = await service.group(groupId);
  await service.scanAt(renewal?.endsOn as Instant);
}

function heldVersions(agent: TestAgent): string[] {
  return [...agent.folder.texts.keys()].filter((name) => name.startsWith('key-')).toSorted();
}

describe('Joining', () => {
  test('asks the first machine to choose the password, and tells it when the service has taken it', async () => {
    const { id } = await service.newGroup();
    const given = password();
    await joinGroup(service, testAgent(service), await service.enroll(id), given);
    expect(given.asked).toEqual(['chosen', 'chosen', 'accepted']);
  });

  test('with a wrong password says so and leaves nothing that blocks a second try', async () => {
    const { token } = await fleetOf(1);
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
    const fleet = await fleetOf(1);
    const agent = nth(fleet, 0);
    const before = await agentStatus(agent);
    await joinGroup(service, agent, fleet.token, password(), 'renamed');
    expect((await agentStatus(agent)).machineId).toBe(before.machineId);
    expect((await service.group(fleet.groupId)).machineCount).toBe(1);
    const other = await service.enroll((await service.newGroup()).id);
    await expect(joinGroup(service, agent, other)).rejects.toMatchObject({ exit: 'folder' });
  });

  test('another group is allowed as long as the folder never got a key', async () => {
    const { token } = await fleetOf(1);
    const agent = testAgent(service);
    await expect(joinGroup(service, agent, token, password('not the password'))).rejects.toThrow();
    const other = await service.enroll((await service.newGroup()).id);
    expect(await joinGroup(service, agent, other)).toMatchObject({ keyDeliveryStatus: 'Default' });
  });

  test('takes a token of its form alone', async () => {
    await expect(joinGroup(service, testAgent(service), 'kt1.x')).rejects.toMatchObject({ exit: 'usage' });
  });
});

describe('A renewal', () => {
  test('brings the new key to each machine, and takes the old one away when the window ends', async () => {
    const fleet = await fleetOf(2);
    await openWindow(fleet);
    for (const agent of fleet.agents) {
      expect(await checkInOnce(agent)).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
      expect(heldVersions(agent)).toEqual(['key-1.json', 'key-2.json']);
    }
    await endWindow(fleet);
    for (const agent of fleet.agents) {
      await checkInOnce(agent);
      expect(heldVersions(agent)).toEqual(['key-2.json']);
    }
  });

  test('that a machine missed brings it back by the regenerated password, as the same machine', async () => {
    const fleet = await fleetOf(2);
    const [current, late] = [nth(fleet, 0), nth(fleet, 1)];
    const { machineId } = await agentStatus(late);
    await openWindow(fleet);
    await checkInOnce(current);
    await endWindow(fleet);
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
    const fleet = await fleetOf(2);
    const outdated = { ...nth(fleet, 1), version: '2.21' };
    await openWindow(fleet);
    await checkInOnce(nth(fleet, 0));
    expect((await checkInOnce(outdated)).actions).toEqual([
      { action: 'updateAgent', minimumVersion: '2.23' },
    ]);
    await endWindow(fleet);
    await expect(rejoin(outdated, password())).rejects.toMatchObject({ code: 'AgentOutdated' });
  });

  test('needs no password of a machine that asks to rejoin while it could just pick the key up', async () => {
    const fleet = await fleetOf(2);
    await openWindow(fleet);
    await checkInOnce(nth(fleet, 0));
    const given = password();
    expect(await rejoin(nth(fleet, 1), given)).toMatchObject({ keyDeliveryStatus: 'Default' });
    expect(given.asked).toEqual([]);
  });
});

describe('A service that lies', () => {
  type Spoil = (view: KeyPackageView, groupId: string) => Promise<KeyPackageView> | KeyPackageView;
  const strangers = (groupId: string, version: number) =>
    preparedGroupKey(
      {
        groupId,
        version,
        notBefore: '2025-12-31T23:55:00Z' as Instant,
        notAfter: '2030-12-31T00:00:00Z' as Instant,
      },
      STRANGERS_PRIVATE_KEY,
    );
  const spoils: readonly (readonly [string, Spoil])[] = [
    ['no endorsement', (view) => ({ ...view, endorsement: null })],
    [
      'an endorsement by a stranger',
      async (view, groupId) => ({
        ...view,
        endorsement: await endorse(
          { groupId, version: view.version, thumbprint: view.thumbprint },
          strangers(groupId, 1),
        ),
      }),
    ],
    [
      'another certificate',
      (view, groupId) => ({ ...view, certificate: strangers(groupId, 2).certificate.base64 }),
    ],
    ['no wrap', (view) => ({ ...view, certificateWrap: null })],
    ['another digest', (view) => ({ ...view, packageDigest: view.thumbprint })],
    ['a package cut short', (view) => ({ ...view, package: view.package.slice(0, 400) })],
  ];

  test.each(spoils)('about a new key, with %s, is not believed and changes nothing', async (_what, spoil) => {
    const fleet = await fleetOf(2);
    await openWindow(fleet);
    await checkInOnce(nth(fleet, 0));
    const connect = throughClient(async (id, call) => {
      const answer = await call();
      return id === 'getKeyPackage' ? spoil(answer as KeyPackageView, fleet.groupId) : answer;
    });
    const before = nth(fleet, 1);
    await expect(checkInOnce({ ...before, connect })).rejects.toMatchObject({ exit: 'untrusted' });
    expect(heldVersions(before)).toEqual(['key-1.json']);
    expect(await checkInOnce(before)).toMatchObject({ keyVersion: 2 });
  });

  function spoilingAnswers(spoil: (answer: CheckInAnswer) => CheckInAnswer) {
    return throughClient(async (id, call) => {
      const answer = await call();
      return id === 'checkIn' ? spoil(answer as CheckInAnswer) : answer;
    });
  }

  test('cannot talk a machine out of its only key', async () => {
    const fleet = await fleetOf(1);
    const agent = nth(fleet, 0);
    const connect = spoilingAnswers((answer) => ({
      ...answer,
      actions: [{ action: 'retireKey', version: 1 }],
    }));
    await checkInOnce({ ...agent, connect });
    expect(heldVersions(agent)).toEqual(['key-1.json']);
    expect(agent.events.at(-1)).toMatchObject({ event: 'keyKept', version: 1 });
  });

  test('cannot have a version made twice', async () => {
    const fleet = await fleetOf(1);
    const agent = nth(fleet, 0);
    const text = agent.folder.texts.get('key-1.json');
    const { notBefore, notAfter } = (await agentStatus(agent)).keys[0] as {
      notBefore: Instant;
      notAfter: Instant;
    };
    const challenge = 'A'.repeat(43);
    const connect = spoilingAnswers((answer) => ({
      ...answer,
      actions: [{ action: 'issueKey', version: 1, challenge, notBefore, notAfter, leaseExpiresOn: notAfter }],
    }));
    await expect(checkInOnce({ ...agent, connect })).rejects.toMatchObject({ exit: 'untrusted' });
    expect(agent.folder.texts.get('key-1.json')).toBe(text);
  });

  test('cannot swap a key that is held for another of the same version', async () => {
    const fleet = await fleetOf(1);
    const agent = nth(fleet, 0);
    const connect = spoilingAnswers((answer) => ({
      ...answer,
      actions: [
        {
          action: 'fetchKey',
          version: 1,
          thumbprint: 'A'.repeat(43),
          opensWith: 'outgoingKey',
          challenge: 'A'.repeat(43),
        },
      ],
    }));
    await expect(checkInOnce({ ...agent, connect })).rejects.toMatchObject({ exit: 'untrusted' });
  });

  test('cannot have a machine several versions behind open a key; it must rejoin', async () => {
    const fleet = await fleetOf(1);
    const agent = nth(fleet, 0);
    const connect = spoilingAnswers((answer) => ({
      ...answer,
      actions: [
        {
          action: 'fetchKey',
          version: 3,
          thumbprint: 'A'.repeat(43),
          opensWith: 'outgoingKey',
          challenge: 'A'.repeat(43),
        },
      ],
    }));
    await expect(checkInOnce({ ...agent, connect })).rejects.toMatchObject({ exit: 'refused' });
  });
});

describe('An old key', () => {
  const reference = (version: number) => ({
    version,
    thumbprint: String(version).repeat(43),
    notBefore: '2026-01-01T00:00:00Z' as Instant,
    notAfter: '2027-01-01T00:00:00Z' as Instant,
  });
  const held = (version: number, provedOn: Instant | null) => ({
    ...reference(version),
    certificate: '',
    privateKeyPem: '',
    packageSecret: '',
    packageDigest: '',
    provedOn,
  });
  const proved = '2026-06-01T00:00:00Z' as Instant;
  const group = {
    name: 'press',
    status: 'Active',
    primaryKey: reference(2),
    secondaryKey: null,
    renewal: null,
    passwordStale: false,
    passwordRevision: 1,
  } as const;
  const window = { version: 3, startsOn: proved, endsOn: proved };

  test.each([
    ['is deleted once a newer one is primary and proved', [held(2, proved), held(1, proved)], group, true],
    ['stays while the newer one is not proved', [held(2, null), held(1, proved)], group, false],
    ['stays while the newer one is not held', [held(1, proved)], group, false],
    [
      'stays when another is held under the newer version',
      [{ ...held(2, proved), thumbprint: '9'.repeat(43) }, held(1, proved)],
      group,
      false,
    ],
    [
      'stays while a window is open',
      [held(2, proved), held(1, proved)],
      { ...group, renewal: window },
      false,
    ],
    [
      'stays while it is the secondary key',
      [held(2, proved), held(1, proved)],
      { ...group, secondaryKey: reference(1) },
      false,
    ],
    ['stays while it is the primary key', [held(1, proved)], { ...group, primaryKey: reference(1) }, false],
    ['stays while the group has no key', [held(1, proved)], { ...group, primaryKey: null }, false],
  ])('%s', (_title, keys, known, isDeleted) => {
    expect(reasonToKeep(1, keys, known) === null).toBe(isDeleted);
  });
});

describe('Beside the network', () => {
  test('an agent knows its status, and why the last check-in failed', async () => {
    const fleet = await fleetOf(1);
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
    const agent = nth(await fleetOf(1), 0);
    const { version, pfx } = await exportNewestKey(agent, async () => PASSWORD);
    expect([version, pfx[0]]).toEqual([1, 0x30]);
    const short = exportNewestKey(agent, async () => 'short');
    await expect(short).rejects.toMatchObject({ code: 'PasswordTooShort' });
  });
});

describe('Leaving', () => {
  test('tells the service and deletes everything', async () => {
    const fleet = await fleetOf(1);
    await leave(nth(fleet, 0), false);
    expect(nth(fleet, 0).folder.texts.size).toBe(0);
    expect((await service.group(fleet.groupId)).machineCount).toBe(0);
  });

  test('without the service takes force', async () => {
    const agent = nth(await fleetOf(1), 0);
    const offline = { ...agent, connect: () => agent.connect('http://127.0.0.1:1') };
    await expect(leave(offline, false)).rejects.toMatchObject({ name: 'ServiceUnreachable' });
    expect(heldVersions(agent)).toEqual(['key-1.json']);
    expect(await leave(offline, true)).toEqual({ told: false });
    expect(agent.folder.texts.size).toBe(0);
  });

  test('goes well for a machine that was removed already', async () => {
    const fleet = await fleetOf(1);
    const agent = nth(fleet, 0);
    const { machineId } = await agentStatus(agent);
    await service.call('DELETE', `groups/${fleet.groupId}/machines/${machineId}`);
    expect(await leave(agent, false)).toEqual({ told: true });
    expect(agent.folder.texts.size).toBe(0);
  });
});

test('A record that is damaged is named, and neither overwritten nor guessed at', async () => {
  const agent = nth(await fleetOf(1), 0);
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
