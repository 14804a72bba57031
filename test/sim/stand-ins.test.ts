import { hash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { issueKeyBody, joinBody } from '../../shared/api/check-in.ts';
import { inspectWrap } from '../../shared/crypto/wraps.ts';
import { PACKAGE_BYTES_MAX } from '../../shared/ports/package-vault.ts';
import { codeOf, GROUP_ID } from '../crypto/fixtures.ts';
import { PROOF, TOKEN, VALIDITY } from './crypto/cases.ts';
import type { Case } from './crypto/cases.ts';
import { bothCryptographies, PASSWORD } from './crypto/cryptographies.ts';
import type { Cryptography } from './crypto/cryptographies.ts';
import { CERTIFICATE_CASES, GROUP_KEY_CASES, IDENTITY_CASES } from './crypto/key-cases.ts';
import { CERTIFICATE_WRAP_CASES, PACKAGE_CASES, PASSWORD_WRAP_CASES } from './crypto/package-cases.ts';
import { STAND_IN_MODULES } from './crypto/stand-in-modules.ts';
import { STATEMENT_CASES } from './crypto/statement-cases.ts';
import { CLAIM_CASES, TOKEN_CASES, TOKEN_READINGS } from './crypto/token-cases.ts';

let real: Cryptography;
let standIn: Cryptography;

beforeAll(async () => {
  [real, standIn] = await bothCryptographies();
});

describe.each<[string, readonly Case[]]>([
  ['a certificate is read', CERTIFICATE_CASES],
  ['a group key is read from its file', GROUP_KEY_CASES],
  ['a machine identity is read', IDENTITY_CASES],
  ['a statement is verified', STATEMENT_CASES],
  ['a machine token is verified', TOKEN_CASES],
  ['a machine token has claims', CLAIM_CASES],
  ['a wrap is opened with the outgoing key', CERTIFICATE_WRAP_CASES],
  ['a wrap is opened with the password', PASSWORD_WRAP_CASES],
  ['a package is opened', PACKAGE_CASES],
])('where %s, the stand-in does as the real one', (_, cases) => {
  it.each(cases.map(({ title, ...rest }) => [title, rest] as const))('with %s', async (_, { code, run }) => {
    const codes = { real: await codeOf(() => run(real)), standIn: await codeOf(() => run(standIn)) };
    expect(codes).toEqual({ real: code, standIn: code });
  });
});

describe('where a machine token is read, the stand-in does as the real one', () => {
  it.each(Object.entries(TOKEN_READINGS))('with a token %s', async (_, change) => {
    const names = [];
    for (const { signMachineToken, readMachineToken, keys } of [real, standIn]) {
      const token = await signMachineToken(TOKEN, keys.machineIdentity.privateKey);
      names.push(readMachineToken(change(token)));
    }
    expect(names[1]).toEqual(names[0]);
  });
});

it.each(STAND_IN_MODULES)(
  'the stand-in for %s has the names of the real one, and its constants',
  async (name) => {
    const stem = name.slice(0, -'.ts'.length);
    const realModule: object = await import(`../../shared/crypto/${stem}.ts`);
    const standInModule: object = await import(`./crypto/${stem}.ts`);
    expect(valuesOf(standInModule)).toEqual(valuesOf(realModule));
  },
);

describe.each([
  ['the real one', () => real],
  ['the stand-in', () => standIn],
] as const)('%s', (_, cryptography) => {
  it('makes certificates that say whose and when they are, and are named by the hash of their bytes', () => {
    const { keys, parseCertificate } = cryptography();
    const certificate = parseCertificate(keys.incoming.certificate.base64);
    const bytes = Buffer.from(certificate.base64, 'base64');
    expect(certificate).toMatchObject({ groupId: GROUP_ID, modulusLength: 3072, ...VALIDITY });
    expect(certificate.thumbprint).toBe(hash('sha256', bytes, 'base64url'));
    expect(bytes[0]).toBe(0x30);
  });

  it('gives the key that was sealed, by the password and by the outgoing key', async () => {
    const { keys, pkcs12, secret, context, passwordWrap, certificateWrap, ...functions } = cryptography();
    const byKey = await functions.unwrapWithKey(certificateWrap, keys.outgoing, context);
    const byPassword = await functions.unwrapWithPassword(passwordWrap, PASSWORD, context);
    expect([byKey, byPassword]).toEqual([new Uint8Array(secret), new Uint8Array(secret)]);
    const key = await functions.openPackage(pkcs12, byKey, context);
    expect(functions.groupKeyToPem(key)).toEqual(functions.groupKeyToPem(keys.incoming));
    expect(key.groupId).toBe(GROUP_ID);
  });

  it('reads a machine identity from its file as it was', () => {
    const { keys, machineIdentityFromPem, machineIdentityToPem, identityThumbprint } = cryptography();
    const again = machineIdentityFromPem(machineIdentityToPem(keys.machineIdentity));
    expect(again.publicJwk).toEqual(keys.machineIdentity.publicJwk);
    expect(again.privateKey.equals(keys.machineIdentity.privateKey)).toBe(true);
    expect(identityThumbprint(again.publicJwk)).toBe(identityThumbprint(keys.machineIdentity.publicJwk));
  });

  it('makes what the service takes: certificate, package, wraps, statements and identity', async () => {
    const { keys, pkcs12, context, passwordWrap, certificateWrap, signStatement } = cryptography();
    const statement = await signStatement(PROOF, keys.incoming);
    const request = {
      version: 2,
      certificate: keys.incoming.certificate.base64,
      package: Buffer.from(pkcs12).toString('base64'),
      passwordWrap,
      certificateWrap,
      endorsement: statement,
      proof: statement,
    };
    expect(issueKeyBody.parse(request)).toEqual(request);
    expect(pkcs12[0]).toBe(0x30);
    expect(pkcs12.length).toBeLessThan(PACKAGE_BYTES_MAX);
    expect(inspectWrap(passwordWrap)).toEqual({ purpose: 'keyturn-password-wrap', ...context });
    expect(inspectWrap(certificateWrap)).toMatchObject({ kid: keys.outgoing.certificate.thumbprint });
    const { publicJwk } = keys.machineIdentity;
    expect(joinBody.shape.identityKey.parse({ ...publicJwk })).toEqual(publicJwk);
  });
});

/** What a module exports: constants as they are, functions by their kind alone. */
function valuesOf(module: object): Record<string, unknown> {
  const values = Object.entries(module).map(([name, value]) => [
    name,
    typeof value === 'function' ? 'function' : value,
  ]);
  return Object.fromEntries(values);
}
