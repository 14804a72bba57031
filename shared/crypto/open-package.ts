// Opens key packages: for machines alone. A test over the source tree keeps this file out of the service. Promises: a
// group key that comes out is the one that the context names, whole, with the private key of its certificate.
import { compactDecrypt, errors } from 'jose';
import { parseCertificate } from './certificates.ts';
import { CryptoError } from './errors.ts';
import type { GroupKey } from './group-key.ts';
import { isKeyOf } from './group-key.ts';
import { normalizePassword } from './group-password.ts';
import { packagePassword } from './key-package.ts';
import { readPkcs12 } from './pkcs12-reader.ts';
import type { PackageContext } from './wraps.ts';
import {
  CERTIFICATE_WRAP,
  packageDigest,
  PASSWORD_WRAP,
  PBES2_ITERATIONS_MAX,
  requireWrap,
} from './wraps.ts';

/**
 * The package secret, by the group password.
 * @throws CryptoError EnvelopeMalformed; WrongContext before any password is tried; WrongPassword.
 */
export async function unwrapWithPassword(
  jwe: string,
  password: string,
  context: PackageContext,
): Promise<Uint8Array> {
  requireWrap(jwe, PASSWORD_WRAP, context);
  try {
    const { plaintext } = await compactDecrypt(jwe, Buffer.from(normalizePassword(password), 'utf8'), {
      keyManagementAlgorithms: ['PBES2-HS512+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxPBES2Count: PBES2_ITERATIONS_MAX,
    });
    return plaintext;
  } catch (cause) {
    if (!(cause instanceof errors.JWEDecryptionFailed)) throw cause;
    throw new CryptoError(
      'WrongPassword',
      'the password does not open this package, or its wrap was changed',
    );
  }
}

/**
 * The package secret, by the outgoing group key.
 * @throws CryptoError EnvelopeMalformed; WrongContext; WrongKey when the wrap is for another key or was changed.
 */
export async function unwrapWithKey(
  jwe: string,
  key: GroupKey,
  context: PackageContext,
): Promise<Uint8Array> {
  const { kid } = requireWrap(jwe, CERTIFICATE_WRAP, context);
  if (kid !== key.certificate.thumbprint) {
    throw new CryptoError('WrongKey', 'the package secret is wrapped for another key');
  }
  try {
    const { plaintext } = await compactDecrypt(jwe, key.privateKey, {
      keyManagementAlgorithms: ['RSA-OAEP-256'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return plaintext;
  } catch (cause) {
    if (!(cause instanceof errors.JWEDecryptionFailed)) throw cause;
    throw new CryptoError('WrongKey', 'the key does not open this wrap, or the wrap was changed');
  }
}

/**
 * The group key in a package. That the certificate is to be trusted is for the caller to know, by the password or by an endorsement.
 * @throws CryptoError PackageTampered when bytes, MAC, certificate or private key are not those of the context;
 *   PackageMalformed when it is not PKCS#12 of the profile; what `parseCertificate` throws.
 */
export async function openPackage(
  pkcs12: Uint8Array,
  secret: Uint8Array,
  context: PackageContext,
): Promise<GroupKey> {
  requireSame(packageDigest(pkcs12) === context.packageDigest, 'its bytes');
  const { privateKey, certificateDer } = readPkcs12(pkcs12, packagePassword(secret));
  const certificate = parseCertificate(certificateDer.toString('base64'));
  requireSame(certificate.thumbprint === context.thumbprint, 'its certificate');
  requireSame(certificate.groupId === context.groupId, 'its group');
  requireSame(isKeyOf(certificate, privateKey), 'its private key');
  return { groupId: context.groupId, version: context.version, privateKey, certificate };
}

function requireSame(isSame: boolean, what: string): void {
  if (!isSame) throw new CryptoError('PackageTampered', `not the package that was sealed: ${what} differs`);
}
