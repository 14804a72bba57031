import crypto, { hash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import * as fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newEnrollmentToken } from '../../../shared/crypto/enrollment-token.ts';
import { codeOf, flipBit, GROUP_ID } from '../../crypto/fixtures.ts';
import { PROOF, TOKEN, VALIDITY } from './cases.ts';
import { contextOf, PASSWORD, standInCryptography } from './cryptographies.ts';
import type { Cryptography } from './cryptographies.ts';
import { SECRET_MARKS } from './secret-marks.ts';
import { forgetKeys } from './simulated-keys.ts';

let standIn: Cryptography;

beforeAll(async () => {
  standIn = await standInCryptography();
});

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** Draws, seals, signs, opens and verifies once whatever can be; answers all that came of it. */
async function everything() {
  const outgoing = await standIn.newGroupKey({ groupId: GROUP_ID, version: 1, ...VALIDITY });
  const incoming = await standIn.newGroupKey({ groupId: GROUP_ID, version: 2, ...VALIDITY });
  const identity = await standIn.newMachineIdentity();
  const { pkcs12, secret } = await standIn.sealPackage(incoming);
  const context = contextOf(incoming, pkcs12);
  const passwordWrap = await standIn.wrapForPassword(secret, PASSWORD, context);
  const certificateWrap = await standIn.wrapForCertificate(secret, outgoing.certificate, context);
  const proof = await standIn.signStatement(PROOF, incoming);
  const token = await standIn.signMachineToken(TOKEN, identity.privateKey);
  await standIn.unwrapWithPassword(passwordWrap, PASSWORD, context);
  await standIn.unwrapWithKey(certificateWrap, outgoing, context);
  const { certificate } = await standIn.openPackage(pkcs12, secret, context);
  await standIn.verifyStatement(proof, PROOF, certificate, 'ProofInvalid');
  await standIn.verifyMachineToken(token, { ...TOKEN, publicJwk: identity.publicJwk });
  return {
    outgoing: standIn.groupKeyToPem(outgoing),
    incoming: standIn.groupKeyToPem(incoming),
    identity: standIn.machineIdentityToPem(identity),
    publicJwk: identity.publicJwk,
    pkcs12,
    secret,
    passwordWrap,
    certificateWrap,
    proof,
    token,
  };
}

function isMarked(text: string): boolean {
  return SECRET_MARKS.some((mark) => mark.test(text));
}

describe('the stand-ins', () => {
  it('draw whatever is random from randomBytes and randomUUID, always in the same order', async () => {
    const outcomes: Record<string, unknown>[] = [];
    for (const start of [0, 0, 1000]) {
      let drawn = start;
      const next = (size: number) => {
        drawn += 1;
        return Buffer.alloc(size, hash('sha256', String(drawn), 'buffer'));
      };
      vi.spyOn(crypto, 'randomBytes').mockImplementation(next);
      vi.spyOn(crypto, 'randomUUID').mockImplementation(
        () => `${next(4).toString('hex')}-0000-0000-0000-000000000000`,
      );
      syncBuiltinESMExports();
      outcomes.push(await everything());
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    for (const [name, outcome] of Object.entries(outcomes[2] ?? {})) {
      expect(outcome, name).not.toEqual(outcomes[0]?.[name]);
    }
  });

  it('settle in microtasks: no timer, no thread, no callback of the event loop', async () => {
    let isSettled = false;
    void everything().then(() => (isSettled = true));
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    expect(isSettled).toBe(true);
  });

  it('take nothing back with one character changed', async () => {
    const { keys, certificateWrap, context, ...functions } = standIn;
    const { privateKey, publicJwk } = keys.machineIdentity;
    const jws = await functions.signStatement(PROOF, keys.incoming);
    const token = await functions.signMachineToken(TOKEN, privateKey);
    const { certificate } = keys.incoming;
    const uses: [string, (text: string) => unknown, RegExp][] = [
      [certificate.base64, (text) => functions.parseCertificate(text), /^Certificate/],
      [
        jws,
        (text) => functions.verifyStatement(text, PROOF, certificate, 'ProofInvalid'),
        /^(ProofInvalid|WrongKey)$/,
      ],
      [token, (text) => functions.verifyMachineToken(text, { ...TOKEN, publicJwk }), /^Token/],
      [
        certificateWrap,
        (text) => functions.unwrapWithKey(text, keys.outgoing, context),
        /^(EnvelopeMalformed|WrongContext|WrongKey)$/,
      ],
    ];
    const character = fc.constantFrom('A', 'b', '.', ' ', '_', '/', '=');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...uses),
        fc.nat(),
        character,
        async ([text, use, codes], at, other) => {
          const position = at % text.length;
          fc.pre(text[position] !== other);
          const changed = text.slice(0, position) + other + text.slice(position + 1);
          expect(await codeOf(() => use(changed))).toMatch(codes);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('open no package with any of its bits changed, whoever gives the digest', async () => {
    const { keys, pkcs12, secret, openPackage } = standIn;
    for (let bit = 0; bit < pkcs12.length * 8; bit += 7) {
      const changed = flipBit(pkcs12, bit);
      const opening = () => openPackage(changed, secret, contextOf(keys.incoming, changed));
      expect(await codeOf(opening)).toMatch(/^Package(Malformed|Tampered)$/);
    }
  });

  it('know no key that was forgotten, until it is read again', async () => {
    const { keys, parseCertificate, groupKeyFromPem, groupKeyToPem } = standIn;
    const { outgoing, incoming, stranger, machineIdentity, otherMachineIdentity } = keys;
    forgetKeys();
    const parse = () => parseCertificate(incoming.certificate.base64);
    expect(await codeOf(parse)).toBe('CertificateNotSelfSigned');
    for (const key of [outgoing, incoming, stranger]) groupKeyFromPem(groupKeyToPem(key));
    for (const each of [machineIdentity, otherMachineIdentity]) {
      standIn.machineIdentityFromPem(standIn.machineIdentityToPem(each));
    }
    expect(await codeOf(parse)).toBeNull();
  });
});

describe('the marks of secrets', () => {
  it('find private keys, package secrets and packages, however they are written', () => {
    const { keys, secret, pkcs12, groupKeyToPem, machineIdentityToPem } = standIn;
    const { privateKeyPem } = groupKeyToPem(keys.incoming);
    const bytes = [
      keys.incoming.privateKey.export(),
      keys.machineIdentity.privateKey.export(),
      secret,
      pkcs12,
    ];
    const texts = [
      JSON.stringify({ privateKeyPem }),
      privateKeyPem.split('\n')[1] ?? '',
      machineIdentityToPem(keys.machineIdentity),
      ...(['latin1', 'base64', 'base64url', 'hex'] as const).flatMap((encoding) =>
        bytes.map((each) => `a word before it: ${Buffer.from(each).toString(encoding)}`),
      ),
      ...bytes.map((each) => JSON.stringify(Buffer.from(each))),
      ...bytes.map((each) => JSON.stringify(new Uint8Array(each))),
    ];
    expect(texts.filter((text) => !isMarked(text))).toEqual([]);
  });

  it('find each kind of secret by an expression of its own', () => {
    const { keys, secret, pkcs12, groupKeyToPem } = standIn;
    const { privateKeyPem } = groupKeyToPem(keys.incoming);
    const [packageSecret, whole] = [secret, pkcs12].map((each) => Buffer.from(each).toString('base64'));
    const found = [privateKeyPem, packageSecret ?? '', whole ?? ''].map((text) =>
      SECRET_MARKS.map((mark) => mark.test(text)),
    );
    expect(found).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
  });

  it('find nothing in what may be seen', async () => {
    const { keys, context, passwordWrap, certificateWrap, ...functions } = standIn;
    const seen = [
      keys.incoming.certificate,
      { publicKey: keys.incoming.certificate.publicKey.export() },
      keys.machineIdentity.publicJwk,
      context,
      { passwordWrap, certificateWrap },
      await functions.signStatement(PROOF, keys.incoming),
      await functions.signMachineToken(TOKEN, keys.machineIdentity.privateKey),
      newEnrollmentToken(GROUP_ID),
    ];
    expect(seen.filter((each) => isMarked(JSON.stringify(each)))).toEqual([]);
  });
});
