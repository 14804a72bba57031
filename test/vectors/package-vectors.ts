// Vectors of key packages, of the wraps of their secrets, and of exported files.
import { CompactEncrypt } from 'jose';
import type { CompactJWEHeaderParameters } from 'jose';
import type { CryptoErrorCode } from '../../shared/crypto/errors.ts';
import { exportPfx } from '../../shared/crypto/exported-pfx.ts';
import type { SealedPackage } from '../../shared/crypto/key-package.ts';
import {
  packagePassword,
  sealPackage,
  wrapForCertificate,
  wrapForPassword,
} from '../../shared/crypto/key-package.ts';
import { writePkcs12 } from '../../shared/crypto/pkcs12-writer.ts';
import type { PackageContext } from '../../shared/crypto/wraps.ts';
import { packageDigest, PASSWORD_WRAP, toWrapHeader } from '../../shared/crypto/wraps.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';
import type { VectorKeys } from './vector-keys.ts';
import { OTHER_GROUP_ID } from './vector-keys.ts';

/** Ends in a character that has a composed and a decomposed form. */
export const PASSWORD = 'correct horse café';

export interface PackageInput {
  /** Standard base64. */
  readonly pkcs12: string;
  /** base64url. */
  readonly secret: string;
  readonly context: PackageContext;
}

export interface PackageExpected {
  /** The private key in the package: PKCS#8 PEM. */
  readonly privateKeyPem: string;
  readonly certificate: string;
}

export interface PasswordWrapInput {
  readonly jwe: string;
  readonly password: string;
  readonly context: PackageContext;
}

export interface CertificateWrapInput {
  readonly jwe: string;
  /** Whose private key opens it: a name in keys.json. */
  readonly key: 'outgoing' | 'stranger';
  readonly context: PackageContext;
}

export interface WrapExpected {
  /** base64url. */
  readonly secret: string;
}

export interface ExportedPfxInput {
  /** Standard base64. */
  readonly pkcs12: string;
  readonly password: string;
}

export async function packageVectors(keys: VectorKeys): Promise<VectorFile<PackageInput, PackageExpected>> {
  const { incoming, stranger } = keys;
  const sealed = await sealPackage(incoming);
  const context = contextOf(keys, sealed.pkcs12);
  const secret = packagePassword(sealed.secret);
  const mixed = await writePkcs12({ ...incoming, privateKey: stranger.privateKey }, secret, 2048);
  const flipped = Buffer.from(sealed.pkcs12);
  const middle = flipped.length >> 1;
  flipped.writeUInt8(flipped.readUInt8(middle) ^ 1, middle);
  const refused = (name: string, change: Partial<PackageInput>, code: CryptoErrorCode) => ({
    name,
    input: { pkcs12: toBase64(sealed.pkcs12), secret, context, ...change },
    code,
  });
  const repackaged = (pkcs12: Uint8Array): Partial<PackageInput> => ({
    pkcs12: toBase64(pkcs12),
    context: { ...context, packageDigest: packageDigest(pkcs12) },
  });
  return {
    comment:
      'PKCS#12 whose password is the base64url secret. `context` is what the wrap says of the package.',
    cases: [
      {
        name: 'the package of the incoming key',
        input: { pkcs12: toBase64(sealed.pkcs12), secret, context },
        expected: {
          privateKeyPem: incoming.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          certificate: incoming.certificate.base64,
        },
      },
      refused('a byte changed', { pkcs12: toBase64(flipped) }, 'PackageTampered'),
      refused('a byte changed, and the digest with it', repackaged(flipped), 'PackageTampered'),
      refused('another secret', { secret: packagePassword(Buffer.alloc(32)) }, 'PackageTampered'),
      refused(
        'another certificate than promised',
        withContext(context, { thumbprint: stranger.certificate.thumbprint }),
        'PackageTampered',
      ),
      refused(
        "another group's certificate",
        withContext(context, { groupId: OTHER_GROUP_ID }),
        'PackageTampered',
      ),
      refused("a private key that is not the certificate's", repackaged(mixed), 'PackageTampered'),
      refused('no PKCS#12 at all', repackaged(Buffer.from('not PKCS#12')), 'PackageMalformed'),
    ],
  };
}

export async function passwordWrapVectors(
  keys: VectorKeys,
): Promise<VectorFile<PasswordWrapInput, WrapExpected>> {
  const sealed = await sealPackage(keys.incoming);
  const context = contextOf(keys, sealed.pkcs12);
  const jwe = await wrapForPassword(sealed.secret, PASSWORD, context);
  const expected = { secret: packagePassword(sealed.secret) };
  const input = { jwe, password: PASSWORD, context };
  const refused = (name: string, change: Partial<PasswordWrapInput>, code: CryptoErrorCode) => ({
    name,
    input: { ...input, ...change },
    code,
  });
  const moved = { ...context, groupId: OTHER_GROUP_ID };
  return {
    comment: 'The password is used as UTF-8 of its NFC form.',
    cases: [
      { name: 'the password', input, expected },
      {
        name: 'the password in decomposed form',
        input: { ...input, password: PASSWORD.normalize('NFD') },
        expected,
      },
      refused('another password', { password: 'correct horse cafe' }, 'WrongPassword'),
      ...otherContexts(input),
      refused(
        'moved to another group by changing its header',
        { jwe: editHeader(jwe, { group: OTHER_GROUP_ID }), context: moved },
        'WrongPassword',
      ),
      refused(
        'a certificate wrap',
        { jwe: await wrapForCertificate(sealed.secret, keys.outgoing.certificate, context) },
        'WrongContext',
      ),
      refused(
        '599,999 iterations',
        { jwe: await weakWrap(sealed, context, { p2c: 599_999 }) },
        'EnvelopeMalformed',
      ),
      refused('2,000,001 iterations', { jwe: editHeader(jwe, { p2c: 2_000_001 }) }, 'EnvelopeMalformed'),
      refused(
        'PBES2 with SHA-256',
        { jwe: await weakWrap(sealed, context, { alg: 'PBES2-HS256+A128KW' }) },
        'EnvelopeMalformed',
      ),
      refused(
        'content under AES-128',
        { jwe: await weakWrap(sealed, context, { enc: 'A128GCM' }) },
        'EnvelopeMalformed',
      ),
      refused(
        'a header field that is not known',
        { jwe: editHeader(jwe, { crit: ['group'] }) },
        'EnvelopeMalformed',
      ),
      refused('four parts', { jwe: jwe.slice(0, jwe.lastIndexOf('.')) }, 'EnvelopeMalformed'),
    ],
  };
}

export async function certificateWrapVectors(
  keys: VectorKeys,
): Promise<VectorFile<CertificateWrapInput, WrapExpected>> {
  const sealed = await sealPackage(keys.incoming);
  const context = contextOf(keys, sealed.pkcs12);
  const jwe = await wrapForCertificate(sealed.secret, keys.outgoing.certificate, context);
  const input = { jwe, key: 'outgoing', context } as const;
  const refused = (name: string, change: Partial<CertificateWrapInput>, code: CryptoErrorCode) => ({
    name,
    input: { ...input, ...change },
    code,
  });
  const moved = { ...context, groupId: OTHER_GROUP_ID };
  const oaepSha1 = editHeader(jwe, { alg: 'RSA-OAEP' });
  return {
    comment: '`kid` is the thumbprint of the outgoing certificate; `key` names the private key in keys.json.',
    cases: [
      { name: 'the outgoing key', input, expected: { secret: packagePassword(sealed.secret) } },
      refused('another key', { key: 'stranger' }, 'WrongKey'),
      refused(
        'wrapped for another key under the name of this one',
        {
          jwe: editHeader(await wrapForCertificate(sealed.secret, keys.stranger.certificate, context), {
            kid: keys.outgoing.certificate.thumbprint,
          }),
        },
        'WrongKey',
      ),
      ...otherContexts(input),
      refused(
        'moved to another group by changing its header',
        { jwe: editHeader(jwe, { group: OTHER_GROUP_ID }), context: moved },
        'WrongKey',
      ),
      refused(
        'a password wrap',
        { jwe: await wrapForPassword(sealed.secret, PASSWORD, context) },
        'WrongContext',
      ),
      refused('RSA-OAEP with SHA-1', { jwe: oaepSha1 }, 'EnvelopeMalformed'),
      refused('compressed content', { jwe: editHeader(jwe, { zip: 'DEF' }) }, 'EnvelopeMalformed'),
    ],
  };
}

export async function exportedPfxVectors(
  keys: VectorKeys,
): Promise<VectorFile<ExportedPfxInput, PackageExpected>> {
  const { incoming } = keys;
  const input = { pkcs12: toBase64(await exportPfx(incoming, PASSWORD)), password: PASSWORD };
  const expected = {
    privateKeyPem: incoming.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: incoming.certificate.base64,
  };
  return {
    comment: 'PKCS#12 for people: the same profile as packages, 600,000 iterations, their password in NFC.',
    cases: [
      { name: 'the password', input, expected },
      {
        name: 'another password',
        input: { ...input, password: 'correct horse cafe' },
        code: 'PackageTampered',
      },
    ],
  };
}

/** The same wrap, met where each field of its context is another. */
function otherContexts<Input extends { readonly context: PackageContext }>(
  input: Input,
): VectorCase<Input, WrapExpected>[] {
  const changes: Partial<PackageContext>[] = [
    { groupId: OTHER_GROUP_ID },
    { version: 3 },
    { thumbprint: packageDigest(Buffer.of(1)) },
    { packageDigest: packageDigest(Buffer.of(2)) },
  ];
  return changes.map((change) => ({
    name: `met with another ${Object.keys(change).join()}`,
    input: { ...input, ...withContext(input.context, change) },
    code: 'WrongContext',
  }));
}

async function weakWrap(
  sealed: SealedPackage,
  context: PackageContext,
  change: { readonly p2c?: number; readonly alg?: string; readonly enc?: string },
): Promise<string> {
  const { p2c = 600_000, ...header } = change;
  const protectedHeader: CompactJWEHeaderParameters = {
    alg: 'PBES2-HS512+A256KW',
    enc: 'A256GCM',
    ...toWrapHeader(PASSWORD_WRAP, context),
    ...header,
  };
  return new CompactEncrypt(sealed.secret)
    .setProtectedHeader(protectedHeader)
    .setKeyManagementParameters({ p2c })
    .encrypt(Buffer.from(PASSWORD));
}

function withContext(context: PackageContext, change: Partial<PackageContext>): { context: PackageContext } {
  return { context: { ...context, ...change } };
}

/** The envelope with fields of its protected header set, and nothing done to hide it. */
export function editHeader(envelope: string, change: Readonly<Record<string, unknown>>): string {
  const [header = '', ...rest] = envelope.split('.');
  const edited = { ...JSON.parse(Buffer.from(header, 'base64url').toString('utf8')), ...change };
  return [Buffer.from(JSON.stringify(edited)).toString('base64url'), ...rest].join('.');
}

function contextOf({ incoming }: VectorKeys, pkcs12: Uint8Array): PackageContext {
  return {
    groupId: incoming.groupId,
    version: incoming.version,
    thumbprint: incoming.certificate.thumbprint,
    packageDigest: packageDigest(pkcs12),
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
