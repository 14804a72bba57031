// Joins that do not succeed: tokens that admit nobody, groups that nobody can join, ids that are taken. What does not admit
// a machine must not use up its token.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnrollmentToken } from '../../shared/domain/enrollment-token.ts';
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { PASSWORD, ProtocolMachine, actionOf, cloned, joined } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { documentsOf, refusal } from './service-state.ts';

let service: RunningService;
let member: ProtocolMachine;
beforeAll(async () => {
  service = await startService();
  member = await joined(service, (await service.newGroup()).id);
});
afterAll(() => service.stop());

function newcomer(groupId = member.groupId): Promise<ProtocolMachine> {
  return ProtocolMachine.make(service, groupId);
}

async function usesLeft(enrollmentToken: string): Promise<number | undefined> {
  const [, groupId = '', tokenId] = enrollmentToken.split('.');
  const tokens = await documentsOf<EnrollmentToken>(service, groupId, 'enrollmentToken');
  return tokens.find(({ id }) => id.endsWith(tokenId ?? ''))?.usesLeft;
}

describe('an enrollment token', () => {
  test.for<[string, (token: string, otherGroup: string) => string]>([
    ['of no form', () => 'please'],
    ['of nothing', () => ''],
    ['that nobody made', (token) => replaced(token, 2, randomUUID())],
    ['with another secret', (token) => replaced(token, 3, Buffer.alloc(32, 1).toString('base64url'))],
    ['with a shortened secret', (token) => token.slice(0, -1)],
    ['with more behind it', (token) => `${token}.x`],
    ['whose group was exchanged', (token, otherGroup) => replaced(token, 1, otherGroup)],
    ['of another version', (token) => replaced(token, 0, 'kt2')],
  ])('%s is refused', async ([, spoiled]) => {
    const token = await service.enroll(member.groupId);
    const { id: otherGroup } = await service.newGroup();
    const machine = await newcomer();
    const problem = await refusal(service, () => machine.join(spoiled(token, otherGroup)));
    expect(problem.code).toBe('EnrollmentTokenInvalid');
  });

  test('of another group is refused in both', async () => {
    const { id: otherGroup } = await service.newGroup();
    const token = await service.enroll(otherGroup);
    const machine = await newcomer();
    expect((await refusal(service, () => machine.join(token))).code).toBe('EnrollmentTokenInvalid');
    const moved = await newcomer(otherGroup);
    const spoiled = replaced(token, 1, member.groupId);
    expect((await refusal(service, () => moved.join(spoiled))).code).toBe('EnrollmentTokenInvalid');
  });

  test('that was revoked is refused, and cannot be revoked again', async () => {
    const token = await service.enroll(member.groupId);
    const path = `groups/${member.groupId}/enrollment-tokens/${token.split('.')[2]}`;
    expect((await service.call('DELETE', path)).status).toBe(204);
    const machine = await newcomer();
    expect((await refusal(service, () => machine.join(token))).code).toBe('EnrollmentTokenInvalid');
    const again = await refusal(service, () => service.call('DELETE', path));
    expect(again.code).toBe('EnrollmentTokenNotFound');
  });

  test('admits until the second before it expires, and not at that instant', async () => {
    const token = await service.enroll(member.groupId, { lifetimeMinutes: 5 });
    const expiresOn = addMinutes(service.clock.now(), 5);
    service.clock.set(addSeconds(expiresOn, -1));
    expect((await (await newcomer()).join(token)).status).toBe(200);
    service.clock.set(expiresOn);
    const late = await newcomer();
    expect((await refusal(service, () => late.join(token))).code).toBe('EnrollmentTokenExpired');
  });

  test('admits as many machines as it says, and these as often as they ask', async () => {
    const token = await service.enroll(member.groupId, { uses: 2 });
    const first = await newcomer();
    const second = await newcomer();
    for (const machine of [first, first, second, first]) {
      expect((await machine.join(token)).status).toBe(200);
    }
    expect(await usesLeft(token)).toBe(0);
    const third = await newcomer();
    expect((await refusal(service, () => third.join(token))).code).toBe('EnrollmentTokenUsedUp');
  });
});

describe('a machine that asks again', () => {
  test('is given the same challenge, and nothing is written', async () => {
    const token = await service.enroll(member.groupId);
    const machine = await newcomer();
    const first = await machine.join(token);
    const before = await usesLeft(token);
    const second = await machine.join(token);
    expect(second.body).toEqual(first.body);
    expect(actionOf(first, 'fetchKey').opensWith).toBe('password');
    expect(await usesLeft(token)).toBe(before);
  });

  test('when it is a member already is told that it is up to date', async () => {
    const answer = await member.join(await service.enroll(member.groupId));
    expect(answer.body).toMatchObject({ keyDeliveryStatus: 'Default', actions: [{ action: 'wait' }] });
  });

  test('is let in only as long as its token is good, and again with another', async () => {
    const token = await service.enroll(member.groupId, { lifetimeMinutes: 5, uses: 1 });
    const machine = await newcomer();
    await machine.join(token);
    service.clock.advanceSeconds(299);
    expect((await machine.getPackage(1)).status).toBe(200);
    service.clock.advanceSeconds(1);
    expect((await machine.getPackage(1)).code).toBe('EnrollmentTokenExpired');
    expect((await machine.checkIn()).code).toBe('EnrollmentTokenExpired');
    expect((await machine.join(token)).code).toBe('EnrollmentTokenExpired');
    expect((await machine.join(await service.enroll(member.groupId))).status).toBe(200);
    expect((await machine.getPackage(1)).status).toBe(200);
  });

  test('gets nothing once its token is revoked', async () => {
    const token = await service.enroll(member.groupId);
    const machine = await newcomer();
    await machine.join(token);
    const id = token.split('.')[2];
    await service.call('DELETE', `groups/${member.groupId}/enrollment-tokens/${id}`);
    expect((await machine.getPackage(1)).code).toBe('EnrollmentTokenInvalid');
    expect((await machine.join(token)).code).toBe('EnrollmentTokenInvalid');
  });

  test('can be removed before it has joined', async () => {
    const machine = await newcomer();
    await machine.join(await service.enroll(member.groupId));
    expect((await service.call('DELETE', machine.path)).status).toBe(204);
    expect((await machine.checkIn()).code).toBe('MachineRemoved');
  });

  test('cannot do so with another identity', async () => {
    const enrollmentToken = await service.enroll(member.groupId);
    const { id: machineId, groupId } = member;
    const intruder = await newcomer();
    const { publicJwk: identityKey } = intruder.identity;
    const body = { machineId, name: 'bot-1', agentVersion: '3.0.0', identityKey, enrollmentToken };
    const token = await intruder.token({ machineId });
    const path = `groups/${groupId}/machines`;
    const problem = await refusal(service, () => service.call('POST', path, body, token));
    expect(problem.code).toBe('MachineIdTaken');
  });

  test('signs for itself: a token of another identity’s is refused', async () => {
    const token = await service.enroll(member.groupId);
    const [model = member] = await cloned(member, 1);
    const machine = await newcomer();
    const { publicJwk: identityKey } = model.identity;
    expect((await refusal(service, () => machine.join(token, { identityKey }))).code).toBe('Unauthenticated');
  });
});

test('a group that does not exist cannot be told from one whose token is wrong', async () => {
  const machine = await newcomer(randomUUID());
  const token = replaced(await service.enroll(member.groupId), 1, machine.groupId);
  expect((await refusal(service, () => machine.join(token))).code).toBe('EnrollmentTokenInvalid');
});

test('nobody joins while the password is stale, and the token is not used up', async () => {
  const { id } = await service.newGroup();
  const issuer = await joined(service, id);
  const token = await service.enroll(id, { uses: 1 });
  await service.call('POST', `groups/${id}/renewals`);
  await issuer.follow(await issuer.checkIn());
  const machine = await newcomer(id);
  expect((await refusal(service, () => machine.join(token))).code).toBe('GroupPasswordStale');
  expect(await usesLeft(token)).toBe(1);

  expect((await issuer.setPassword(2, await issuer.passwordChange(2, 2, PASSWORD))).status).toBe(200);
  const answer = await machine.follow(await machine.join(token));
  expect(answer.body).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
});

test('nobody joins a group whose key has expired, nor is a token made for it', async () => {
  const { id } = await service.newGroup();
  const lost = await joined(service, id);
  const { keyExpiryDate } = await service.group(id);
  service.clock.set(addMinutes(keyExpiryDate as Instant, -60));
  const token = await service.enroll(id, { uses: 1 });
  await service.scanAt(keyExpiryDate as Instant);
  const machine = await newcomer(id);
  expect((await refusal(service, () => machine.join(token))).code).toBe('GroupKeyExpired');
  expect(await usesLeft(token)).toBe(1);
  const path = `groups/${id}/enrollment-tokens`;
  expect((await refusal(service, () => service.call('POST', path, {}))).code).toBe('GroupKeyExpired');
  expect((await refusal(service, () => service.call('POST', `groups/${id}/renewals`))).code).toBe(
    'GroupKeyExpired',
  );
  await lost.checkIn();
  expect((await refusal(service, () => lost.checkIn({ rejoin: true }))).code).toBe('GroupKeyExpired');
  expect((await refusal(service, () => lost.getPackage(1))).code).toBe('GroupKeyExpired');
});

test('a group without a key has none to renew', async () => {
  const { id } = await service.newGroup();
  const problem = await refusal(service, () => service.call('POST', `groups/${id}/renewals`));
  expect(problem.code).toBe('GroupHasNoKey');
});

test('a window that is open is not opened again', async () => {
  const { id } = await service.newGroup();
  await joined(service, id);
  expect((await service.call('POST', `groups/${id}/renewals`)).status).toBe(201);
  const problem = await refusal(service, () => service.call('POST', `groups/${id}/renewals`));
  expect(problem.code).toBe('RenewalInProgress');
});

/** The token with one of its parts exchanged: prefix, group, id, secret. */
function replaced(token: string, index: number, part: string): string {
  return token.split('.').with(index, part).join('.');
}
