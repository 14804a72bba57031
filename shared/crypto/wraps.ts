// Wraps of a package secret, seen from outside: JWEs (RFC 7516, compact) whose protected headers say what they are for.
// Nothing here can open one. The service refuses with this what is malformed or belongs elsewhere.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  base64url256,
  decodeBase64url,
  decodeJson,
  keyVersion,
  sha256Base64url,
  uuidText,
} from './encodings.ts';
import { CryptoError } from './errors.ts';

/** Iterations of PBKDF2-HMAC-SHA512 in a new password wrap, and the fewest that are accepted. */
export const PBES2_ITERATIONS = 600_000;

/** Most iterations that are accepted: more would let a wrap keep its reader busy. */
export const PBES2_ITERATIONS_MAX = 2_000_000;

export const PASSWORD_WRAP = 'keyturn-password-wrap';
export const CERTIFICATE_WRAP = 'keyturn-certificate-wrap';

/** Bytes of a package secret. */
export const PACKAGE_SECRET_BYTES = 32;

/** Which package a wrap opens. */
export interface PackageContext {
  readonly groupId: string;
  readonly version: number;
  /** Of the certificate in the package. */
  readonly thumbprint: string;
  /** base64url SHA-256 of the PKCS#12 bytes. */
  readonly packageDigest: string;
}

export interface WrapDescription extends PackageContext {
  readonly purpose: typeof PASSWORD_WRAP | typeof CERTIFICATE_WRAP;
  /** Certificate wraps: thumbprint of the certificate whose key opens it. */
  readonly kid?: string;
}

const contextFields = {
  enc: z.literal('A256GCM'),
  group: uuidText,
  version: keyVersion,
  thumbprint: base64url256,
  package: base64url256,
};

const wrapHeader = z.discriminatedUnion('typ', [
  z.strictObject({
    alg: z.literal('PBES2-HS512+A256KW'),
    typ: z.literal(PASSWORD_WRAP),
    ...contextFields,
    p2s: z.string().refine((text) => isBytes(text, 16, 64)),
    p2c: z.int().min(PBES2_ITERATIONS).max(PBES2_ITERATIONS_MAX),
  }),
  z.strictObject({
    alg: z.literal('RSA-OAEP-256'),
    typ: z.literal(CERTIFICATE_WRAP),
    ...contextFields,
    kid: base64url256,
  }),
]);

/** base64url SHA-256 of a PKCS#12 file: how wraps name it. */
export function packageDigest(pkcs12: Uint8Array): string {
  return sha256Base64url(pkcs12);
}

/**
 * What a wrap claims to be for. Claims alone: only opening the wrap proves them.
 * @throws CryptoError EnvelopeMalformed when structure, algorithms, iterations or lengths are not a wrap's.
 */
export function inspectWrap(jwe: string): WrapDescription {
  const [protectedHeader, encryptedKey, iv, ciphertext, tag, ...rest] =
    jwe.length <= 4096 ? jwe.split('.') : [];
  const headerBytes = decodeBase64url(protectedHeader ?? '');
  const header = wrapHeader.safeParse(headerBytes === null ? undefined : decodeJson(headerBytes));
  if (!header.success) throw malformed('its protected header is not that of a wrap');
  const { typ, group, version, thumbprint } = header.data;
  const hasRightLengths =
    // A 256-bit key under A256KW, or as long as an RSA modulus of an accepted length.
    (typ === PASSWORD_WRAP ? isBytes(encryptedKey, 40, 40) : isBytes(encryptedKey, 384, 1024)) &&
    isBytes(iv, 12, 12) &&
    isBytes(ciphertext, PACKAGE_SECRET_BYTES, PACKAGE_SECRET_BYTES) &&
    isBytes(tag, 16, 16);
  if (!hasRightLengths || rest.length > 0) throw malformed('its parts are not those of a wrap');
  const context = { purpose: typ, groupId: group, version, thumbprint, packageDigest: header.data.package };
  return typ === CERTIFICATE_WRAP ? { ...context, kid: header.data.kid } : context;
}

/**
 * What {@link inspectWrap} says, once it is of this purpose and for this package.
 * @throws CryptoError EnvelopeMalformed; WrongContext when it is for something else.
 */
export function requireWrap(
  jwe: string,
  purpose: WrapDescription['purpose'],
  context: PackageContext,
): WrapDescription {
  const wrap = inspectWrap(jwe);
  const { kid: _, ...claimed } = wrap;
  const { groupId, version, thumbprint, packageDigest } = context;
  if (!isDeepStrictEqual(claimed, { purpose, groupId, version, thumbprint, packageDigest })) {
    throw new CryptoError('WrongContext', 'the wrap is for another purpose, group, version or package');
  }
  return wrap;
}

/** The protected header's share of what a wrap is for. */
export function toWrapHeader(purpose: WrapDescription['purpose'], context: PackageContext) {
  const { groupId, version, thumbprint, packageDigest } = context;
  return { typ: purpose, group: groupId, version, thumbprint, package: packageDigest };
}

function isBytes(text: string | undefined, lengthMin: number, lengthMax: number): boolean {
  const length = decodeBase64url(text ?? '')?.length ?? -1;
  return length >= lengthMin && length <= lengthMax;
}

function malformed(why: string): CryptoError {
  return new CryptoError('EnvelopeMalformed', `not a wrap of a package secret: ${why}`);
}
