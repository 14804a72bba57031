// First keys, proofs and passwords that are refused: each part exchanged for one that does not belong there.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import { signPasswordChange, signProof } from '../../shared/crypto/proof.ts';
import { addSeconds } from '../../shared/domain/instant.ts';
import { STRANGERS_PRIVATE_KEY } from './prepared-keys.ts';
import { ProtocolMachine, actionOf, cloned, joined } from './protocol-machine.ts';
import type { FetchAction, IssueBody } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { refusal } from './service-state.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

async function codeOf(call: () => Promise<Answer>): Promise<ProblemCode> {
  return (await refusal(service, call)).code;
}

/** A wrap whose protected header claims something else. It opens no more, which the service cannot see. */
function claiming(wrap: string, changes: object): string {
  const [header = '', ...rest] = wrap.split('.');
  const claims = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url');
  return [changed, ...rest].join('.');
}

/** What a wrap must not claim. */
const WRONG_CLAIMS: readonly [string, object][] = [
  ['of 599,999 iterations', { p2c: 599_999 }],
  ['of 2,000,001 iterations', { p2c: 2_000_001 }],
  ['with a salt too short', { p2s: 'AAAA' }],
  ['by another algorithm', { alg: 'PBES2-HS256+A128KW' }],
  ['of another kind', { typ: 'keyturn-certificate-wrap' }],
  ['of another package', { package: 'A'.repeat(43) }],
  ['of another certificate', { thumbprint: 'A'.repeat(43) }],
  ['of another group', { group: randomUUID() }],
  ['of another version', { version: 9 }],
  ['that claims more', { crit: ['x'] }],
];

describe('a first key', () => {
  let first: ProtocolMachine;
  let sound: IssueBody & { passwordWrap: string };
  beforeAll(async () => {
    const { id } = await service.newGroup();
    first = await ProtocolMachine.make(service, id);
    const body = await first.newKey(actionOf(await first.join(await service.enroll(id)), 'issueKey'));
    sound = { ...body, passwordWrap: body.passwordWrap ?? '' };
  });

  test('without a wrap for the password: WrapInvalid', async () => {
    const { passwordWrap: _, ...rest } = sound;
    expect(await codeOf(() => first.issue(rest))).toBe('WrapInvalid');
  });

  test('with a wrap for an outgoing certificate: WrapInvalid', async () => {
    const certificateWrap = sound.passwordWrap;
    expect(await codeOf(() => first.issue({ ...sound, certificateWrap }))).toBe('WrapInvalid');
  });

  test.for(WRONG_CLAIMS)('with a wrap %s: WrapInvalid', async ([, claims]) => {
    const passwordWrap = claiming(sound.passwordWrap, claims);
    expect(await codeOf(() => first.issue({ ...sound, passwordWrap }))).toBe('WrapInvalid');
  });

  test('with an endorsement, though there is no key to endorse it: EndorsementInvalid', async () => {
    const { groupId, version, certificate } = keyOf(first, 1);
    const { thumbprint } = certificate;
    const endorsement = await endorse({ groupId, version, thumbprint }, keyOf(first, 1));
    expect(await codeOf(() => first.issue({ ...sound, endorsement }))).toBe('EndorsementInvalid');
  });

  test('that is sound is taken in the end', async () => {
    expect((await first.issue(sound)).status).toBe(201);
  });
});

describe('a renewed key', () => {
  let issuer: ProtocolMachine;
  let machine: ProtocolMachine;
  let action: FetchAction;
  beforeAll(async () => {
    issuer = await joined(service, (await service.newGroup()).id);
    [machine = issuer] = await cloned(issuer, 1);
    await service.call('POST', `groups/${issuer.groupId}/renewals`);
    await issuer.follow(await issuer.checkIn());
    action = actionOf(await machine.checkIn(), 'fetchKey');
    await machine.open(action);
  });

  function prove(version: number, proof: string): Promise<Answer> {
    return machine.call('POST', `${machine.path}/proofs`, { version, proof });
  }

  function own(changes: Partial<Parameters<typeof signProof>[0]> = {}): Parameters<typeof signProof>[0] {
    const { groupId, id: machineId } = machine;
    return { groupId, machineId, version: 2, challenge: action.challenge, ...changes };
  }

  test('is not fetched or proved under its outgoing version: KeyNotPrimary', async () => {
    expect(await codeOf(() => machine.getPackage(1))).toBe('KeyNotPrimary');
    const proof = await signProof(own({ version: 1 }), keyOf(machine, 1));
    expect(await codeOf(() => prove(1, proof))).toBe('KeyNotPrimary');
  });

  test.for<[string, () => Promise<string>]>([
    ['signed with the old key', () => signProof(own(), keyOf(machine, 1))],
    ['forged', () => signProof(own(), { ...keyOf(machine, 2), privateKey: STRANGERS_PRIVATE_KEY })],
    ['over another challenge', () => signProof(own({ challenge: 'A'.repeat(43) }), keyOf(machine, 2))],
    ['by another machine', () => signProof(own({ machineId: issuer.id }), keyOf(machine, 2))],
    ['for another group', () => signProof(own({ groupId: randomUUID() }), keyOf(machine, 2))],
    ['of another version', () => signProof(own({ version: 3 }), keyOf(machine, 2))],
  ])('is not proved by a proof %s: ProofInvalid', async ([, proof]) => {
    const spoiled = await proof();
    expect(await codeOf(() => prove(2, spoiled))).toBe('ProofInvalid');
  });

  test('is not proved by whoever was given no challenge', async () => {
    const proof = await issuer.proof(2, action.challenge);
    const call = () => issuer.call('POST', `${issuer.path}/proofs`, { version: 2, proof });
    expect(await codeOf(call)).toBe('ChallengeUnknown');
  });

  test('is proved until the second before the challenge expires, an hour on, and then not', async () => {
    const start = service.clock.now();
    const wrong = await signProof(own(), keyOf(machine, 1));
    service.clock.set(addSeconds(start, 3599));
    expect(await codeOf(() => prove(2, wrong))).toBe('ProofInvalid');
    service.clock.set(addSeconds(start, 3600));
    const right = await machine.proof(2, action.challenge);
    expect(await codeOf(() => prove(2, right))).toBe('ChallengeUnknown');
  });

  test('is proved over the next challenge, and each only once', async () => {
    const next = actionOf(await machine.checkIn(), 'fetchKey');
    expect(next.challenge).not.toBe(action.challenge);
    const proof = await machine.proof(2, next.challenge);
    expect((await prove(2, proof)).status).toBe(200);
    expect(await codeOf(() => prove(2, proof))).toBe('ChallengeUnknown');
  });
});

describe('a change of the password', () => {
  interface Change {
    revision: number;
    passwordWrap: string;
    authorization: string;
  }
  let member: ProtocolMachine;
  let other: ProtocolMachine;
  let change: Change;
  beforeAll(async () => {
    member = await joined(service, (await service.newGroup()).id);
    [other = member] = await cloned(member, 1);
    change = (await member.passwordChange(1, 2, 'another good password')) as Change;
  });

  async function authorized(
    changes: Partial<Parameters<typeof signPasswordChange>[0]>,
    key = keyOf(member, 1),
  ): Promise<Change> {
    const { groupId, id: machineId } = member;
    const { revision, passwordWrap } = change;
    const signed = { groupId, machineId, version: 1, revision, wrap: passwordWrap, ...changes };
    return { ...change, authorization: await signPasswordChange(signed, key) };
  }

  test.for([3, 1_000_000])('of revision %i, out of turn: PasswordRevisionTaken', async (revision) => {
    const body = { ...(await authorized({ revision })), revision };
    expect(await codeOf(() => member.setPassword(1, body))).toBe('PasswordRevisionTaken');
  });

  test.for(WRONG_CLAIMS)('to a wrap %s: WrapInvalid', async ([, claims]) => {
    const passwordWrap = claiming(change.passwordWrap, claims);
    const body = { ...(await authorized({ wrap: passwordWrap })), passwordWrap };
    expect(await codeOf(() => member.setPassword(1, body))).toBe('WrapInvalid');
  });

  test.for<[string, () => Promise<Change>]>([
    ['for another machine', () => authorized({ machineId: other.id })],
    ['for another group', () => authorized({ groupId: randomUUID() })],
    ['for another version', () => authorized({ version: 2 })],
    ['for another revision', () => authorized({ revision: 3 })],
    ['over another wrap', () => authorized({ wrap: `${change.passwordWrap}A` })],
    ['forged', () => authorized({}, { ...keyOf(member, 1), privateKey: STRANGERS_PRIVATE_KEY })],
  ])('authorized %s: ProofInvalid', async ([, body]) => {
    const spoiled = await body();
    expect(await codeOf(() => member.setPassword(1, spoiled))).toBe('ProofInvalid');
  });

  test('that another machine authorized: ProofInvalid', async () => {
    expect(await codeOf(() => other.setPassword(1, change))).toBe('ProofInvalid');
  });

  test('by a machine that is only joining: Forbidden', async () => {
    const joiner = await ProtocolMachine.make(service, member.groupId);
    await joiner.open(actionOf(await joiner.join(await service.enroll(member.groupId)), 'fetchKey'));
    const body = await joiner.passwordChange(1, 2, 'another good password');
    expect(await codeOf(() => joiner.setPassword(1, body))).toBe('Forbidden');
  });

  test('is made once, repeated without effect, and not played again later', async () => {
    const made = await member.setPassword(1, change);
    expect(made).toMatchObject({ status: 200, body: { passwordRevision: 2 } });
    expect((await member.setPassword(1, change)).body).toEqual(made.body);
    const next = await other.passwordChange(1, 3, 'yet another good password');
    expect((await other.setPassword(1, next)).status).toBe(200);
    expect(await codeOf(() => member.setPassword(1, change))).toBe('PasswordRevisionTaken');
  });
});

function keyOf({ held }: ProtocolMachine, version: number): GroupKey {
  const found = held.get(version);
  if (found === undefined) throw new Error(`version ${version} is not held`);
  return found.key;
}
