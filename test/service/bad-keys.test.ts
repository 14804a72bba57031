// Keys that are handed in and refused: whoever may not issue, and every part that does not belong to the rest. The machine
// that was asked keeps its lease through all of it, and its sound key is taken in the end.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import { wrapForCertificate } from '../../shared/crypto/key-package.ts';
import { signProof } from '../../shared/crypto/proof.ts';
import { packageDigest } from '../../shared/crypto/wraps.ts';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { CertificateInput } from '../vectors/certificate-vectors.ts';
import type { VectorFile } from '../vectors/vector-file.ts';
import { vectorUrl } from '../vectors/vector-file.ts';
import { STRANGERS_PRIVATE_KEY, preparedGroupKey } from './prepared-keys.ts';
import { ProtocolMachine, actionOf, cloned, joined } from './protocol-machine.ts';
import type { IssueAction, IssueBody } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { refusal } from './service-state.ts';

let service: RunningService;
let issuer: ProtocolMachine;
let bystander: ProtocolMachine;
let action: IssueAction;
let sound: IssueBody;
let key: GroupKey;
let secret: Uint8Array;
let outgoing: GroupKey;
beforeAll(async () => {
  service = await startService();
  issuer = await joined(service, (await service.newGroup()).id);
  [bystander = issuer] = await cloned(issuer, 1);
  await service.call('POST', `groups/${issuer.groupId}/renewals`);
  action = actionOf(await issuer.checkIn(), 'issueKey');
  outgoing = heldBy(issuer, 1).key;
  sound = await issuer.newKey(action);
  ({ key, secret } = heldBy(issuer, 2));
});
afterAll(() => service.stop());

function heldBy({ held }: ProtocolMachine, version: number) {
  const found = held.get(version);
  if (found === undefined) throw new Error(`version ${version} is not held`);
  return found;
}

async function codeOf(body: IssueBody, by = issuer): Promise<ProblemCode> {
  return (await refusal(service, () => by.issue(body))).code;
}

/** A whole hand-in of a key whose certificate says something else. */
async function handedIn(changes: Partial<Parameters<typeof preparedGroupKey>[0]>): Promise<IssueBody> {
  const { version, notBefore, notAfter } = action;
  const other = preparedGroupKey({ groupId: issuer.groupId, version, notBefore, notAfter, ...changes });
  const body = await issuer.handIn(action, other);
  issuer.held.set(version, { key, secret });
  return body;
}

describe('whoever holds no lease for it', () => {
  test('another machine: LeaseNotHeld', async () => {
    expect(await codeOf(sound, bystander)).toBe('LeaseNotHeld');
  });

  test.for<[number, ProblemCode]>([
    [1, 'KeyAlreadyIssued'],
    [3, 'LeaseNotHeld'],
  ])('version %i: %s', async ([version, code]) => {
    expect(await codeOf({ ...sound, version })).toBe(code);
  });

  test('a lease holds for ten minutes, and not at their end', async () => {
    const { id } = await service.newGroup();
    const first = await ProtocolMachine.make(service, id);
    const start = service.clock.now();
    const taken = actionOf(await first.join(await service.enroll(id)), 'issueKey');
    expect(taken.leaseExpiresOn).toBe(addSeconds(start, 600));
    service.clock.set(addSeconds(start, 599));
    const unsound = { ...sound, version: 1, certificate: 'MA==' };
    expect(await codeOf(unsound, first)).toBe('CertificateMalformed');
    service.clock.set(addSeconds(start, 600));
    expect(await codeOf(unsound, first)).toBe('LeaseNotHeld');
    service.clock.set(start);
  });
});

describe('a certificate', () => {
  const vectors = JSON.parse(readFileSync(vectorUrl('certificates'), 'utf8')) as VectorFile<
    CertificateInput,
    unknown
  >;

  test.for(vectors.cases.filter(({ code }) => code !== undefined))(
    'of the vectors that must be refused: $name',
    async ({ input, code }) => {
      const expected = /[^A-Za-z0-9+/=]/.test(input.certificate) ? 'InvalidRequest' : code;
      expect(await codeOf({ ...sound, certificate: input.certificate })).toBe(expected);
    },
  );

  test('of another group: CertificateWrongGroup', async () => {
    expect(await codeOf(await handedIn({ groupId: randomUUID() }))).toBe('CertificateWrongGroup');
  });

  test.for(['notBefore', 'notAfter'] as const)('%s a second off either way', async (end) => {
    for (const seconds of [-1, 1]) {
      const body = await handedIn({ [end]: addSeconds(action[end], seconds) });
      expect(await codeOf(body)).toBe('CertificateWrongValidity');
    }
  });
});

describe('a package', () => {
  test.for<[string, string, ProblemCode]>([
    ['of nothing', '', 'PackageInvalid'],
    ['that is no DER sequence', 'MQA=', 'PackageInvalid'],
    ['of another key', 'MIAAAA==', 'WrapInvalid'],
    ['that is as large as may be', oversized(18_000), 'WrapInvalid'],
    ['a byte too large', oversized(18_001), 'InvalidRequest'],
  ])('%s', async ([, pkcs12, code]) => {
    expect(await codeOf({ ...sound, package: pkcs12 })).toBe(code);
  });
});

describe('a wrap', () => {
  test.for<[string, () => Partial<IssueBody> | Promise<Partial<IssueBody>>]>([
    ['for a password, beside the one for the outgoing certificate', () => ({ passwordWrap: 'a.b.c.d.e' })],
    ['that is none', () => ({ certificateWrap: 'a.b.c.d.e' })],
    ['for another certificate', async () => ({ certificateWrap: await wrapped({}, strangersKey()) })],
    ['for the new certificate', async () => ({ certificateWrap: await wrapped({}, key) })],
    [
      'of another package',
      async () => ({ certificateWrap: await wrapped({ packageDigest: 'A'.repeat(43) }) }),
    ],
    [
      'of another certificate’s package',
      async () => ({ certificateWrap: await wrapped({ thumbprint: outgoing.certificate.thumbprint }) }),
    ],
    ['of another group', async () => ({ certificateWrap: await wrapped({ groupId: randomUUID() }) })],
    ['of another version', async () => ({ certificateWrap: await wrapped({ version: 3 }) })],
  ])('%s: WrapInvalid', async ([, changes]) => {
    expect(await codeOf({ ...sound, ...(await changes()) })).toBe('WrapInvalid');
  });

  test('that is missing: WrapInvalid', async () => {
    const { certificateWrap: _, ...rest } = sound;
    expect(await codeOf(rest)).toBe('WrapInvalid');
  });
});

describe('an endorsement', () => {
  test.for<[string, () => Promise<string>]>([
    ['forged', () => endorse(named({}), { ...outgoing, privateKey: STRANGERS_PRIVATE_KEY })],
    ['by a stranger', () => endorse(named({}), strangersKey())],
    ['by the new key itself', () => endorse(named({}), key)],
    ['of another group', () => endorse(named({ groupId: randomUUID() }), outgoing)],
    ['of another version', () => endorse(named({ version: 3 }), outgoing)],
    ['of another certificate', () => endorse(named({ thumbprint: 'A'.repeat(43) }), outgoing)],
    ['that is a proof', () => signProof(challenged({}), outgoing)],
  ])('%s: EndorsementInvalid', async ([, endorsement]) => {
    expect(await codeOf({ ...sound, endorsement: await endorsement() })).toBe('EndorsementInvalid');
  });

  test('that is missing: EndorsementInvalid', async () => {
    const { endorsement: _, ...rest } = sound;
    expect(await codeOf(rest)).toBe('EndorsementInvalid');
  });
});

describe('a proof', () => {
  test.for<[string, () => Promise<string>]>([
    ['forged', () => signProof(challenged({}), { ...key, privateKey: STRANGERS_PRIVATE_KEY })],
    ['by the outgoing key', () => signProof(challenged({}), outgoing)],
    ['over another challenge', () => signProof(challenged({ challenge: 'A'.repeat(43) }), key)],
    ['by another machine', () => signProof(challenged({ machineId: bystander.id }), key)],
    ['for another group', () => signProof(challenged({ groupId: randomUUID() }), key)],
    ['of another version', () => signProof(challenged({ version: 1 }), key)],
    ['that is an endorsement', () => endorse(named({}), key)],
  ])('%s: ProofInvalid', async ([, proof]) => {
    expect(await codeOf({ ...sound, proof: await proof() })).toBe('ProofInvalid');
  });
});

test('in the end the sound key is taken, the same again answered the same, and nobody else’s', async () => {
  const issued = await issuer.issue(sound);
  expect(issued).toMatchObject({ status: 201, body: { version: 2, thumbprint: key.certificate.thumbprint } });
  expect((await issuer.issue(sound)).body).toEqual(issued.body);
  expect(await codeOf(sound, bystander)).toBe('KeyAlreadyIssued');
  expect(await codeOf(await handedIn({}))).toBe('KeyAlreadyIssued');
  expect((await bystander.follow(await bystander.checkIn())).body.keyDeliveryStatus).toBe('Default');
});

function oversized(bytes: number): string {
  return Buffer.alloc(bytes, 0x30).toString('base64');
}

function strangersKey(): GroupKey {
  const { groupId } = issuer;
  const { notBefore, notAfter } = action;
  return preparedGroupKey({ groupId, version: 1, notBefore, notAfter }, STRANGERS_PRIVATE_KEY);
}

function named(changes: Partial<Parameters<typeof endorse>[0]>): Parameters<typeof endorse>[0] {
  return { groupId: issuer.groupId, version: 2, thumbprint: key.certificate.thumbprint, ...changes };
}

function challenged(changes: Partial<Parameters<typeof signProof>[0]>): Parameters<typeof signProof>[0] {
  const { groupId, id: machineId } = issuer;
  return { groupId, machineId, version: 2, challenge: action.challenge, ...changes };
}

function wrapped(
  changes: Partial<Parameters<typeof wrapForCertificate>[2]>,
  recipient = outgoing,
): Promise<string> {
  const digest = packageDigest(Buffer.from(sound.package, 'base64'));
  return wrapForCertificate(secret, recipient.certificate, {
    ...named({}),
    packageDigest: digest,
    ...changes,
  });
}
