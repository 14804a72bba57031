// Whom an agent trusts: the key it holds and the password, never the service's word; and when it lets a key go.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { reasonToKeep } from '../../cli/agent/retire-key.ts';
import { agentStatus } from '../../cli/agent/status.ts';
import type { CheckInAnswer, KeyPackageView } from '../../shared/api/check-in.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { preparedGroupKey, STRANGERS_PRIVATE_KEY } from '../service/prepared-keys.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { fleetOf, heldVersions, nth, openWindow, throughClient } from './test-agents.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

function strangersKey(groupId: string, version: number) {
  return preparedGroupKey(
    {
      groupId,
      version,
      notBefore: '2025-12-31T23:55:00Z' as Instant,
      notAfter: '2030-12-31T00:00:00Z' as Instant,
    },
    STRANGERS_PRIVATE_KEY,
  );
}

function spoilingAnswers(spoil: (answer: CheckInAnswer) => CheckInAnswer) {
  return throughClient(async (id, call) => {
    const answer = await call();
    return id === 'checkIn' ? spoil(answer as CheckInAnswer) : answer;
  });
}

describe('A service that lies', () => {
  type Spoil = (view: KeyPackageView, groupId: string) => Promise<KeyPackageView> | KeyPackageView;
  const spoils: readonly (readonly [string, Spoil])[] = [
    ['no endorsement', (view) => ({ ...view, endorsement: null })],
    [
      'an endorsement by a stranger',
      async (view, groupId) => ({
        ...view,
        endorsement: await endorse(
          { groupId, version: view.version, thumbprint: view.thumbprint },
          strangersKey(groupId, 1),
        ),
      }),
    ],
    [
      'another certificate',
      (view, groupId) => ({ ...view, certificate: strangersKey(groupId, 2).certificate.base64 }),
    ],
    ['no wrap', (view) => ({ ...view, certificateWrap: null })],
    ['another digest', (view) => ({ ...view, packageDigest: view.thumbprint })],
    ['a package cut short', (view) => ({ ...view, package: view.package.slice(0, 400) })],
  ];

  test.each(spoils)('about a new key, with %s, is not believed and changes nothing', async (_what, spoil) => {
    const fleet = await fleetOf(service, 2);
    await openWindow(service, fleet);
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

  test('cannot talk a machine out of its only key', async () => {
    const fleet = await fleetOf(service, 1);
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
    const fleet = await fleetOf(service, 1);
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
    const fleet = await fleetOf(service, 1);
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
    const fleet = await fleetOf(service, 1);
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

describe('An old key', () => {
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
