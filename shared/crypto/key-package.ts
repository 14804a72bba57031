// Seals a group key for the other machines: a PKCS#12 file under a random secret, and wraps of that secret. Runs on
// machines alone. Promises: whoever has package and wraps, but neither the password nor the outgoing private key, learns nothing.
import { randomBytes } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import type { GroupCertificate } from './certificates.ts';
import type { GroupKey } from './group-key.ts';
import { normalizeNewPassword } from './group-password.ts';
import { writePkcs12 } from './pkcs12-writer.ts';
import type { PackageContext } from './wraps.ts';
import {
  CERTIFICATE_WRAP,
  PACKAGE_SECRET_BYTES,
  PASSWORD_WRAP,
  PBES2_ITERATIONS,
  toWrapHeader,
} from './wraps.ts';

// The secret has 256 random bits: iterations add nothing to them, and no reader expects fewer than these.
const PACKAGE_ITERATIONS = 2048;

export interface SealedPackage {
  readonly pkcs12: Uint8Array;
  /** 32 random bytes; base64url of them is the password of the PKCS#12 file. */
  readonly secret: Uint8Array;
}

export async function sealPackage(key: GroupKey): Promise<SealedPackage> {
  const secret = randomBytes(PACKAGE_SECRET_BYTES);
  return { pkcs12: await writePkcs12(key, packagePassword(secret), PACKAGE_ITERATIONS), secret };
}

/** The password of a package's PKCS#12 file. */
export function packagePassword(secret: Uint8Array): string {
  return Buffer.from(secret).toString('base64url');
}

/**
 * A JWE of the secret for whoever knows the password. Takes about half a second, off the event loop.
 * @throws CryptoError PasswordTooShort.
 */
export async function wrapForPassword(
  secret: Uint8Array,
  password: string,
  context: PackageContext,
): Promise<string> {
  const key = Buffer.from(normalizeNewPassword(password), 'utf8');
  return new CompactEncrypt(secret)
    .setProtectedHeader({
      alg: 'PBES2-HS512+A256KW',
      enc: 'A256GCM',
      ...toWrapHeader(PASSWORD_WRAP, context),
    })
    .setKeyManagementParameters({ p2c: PBES2_ITERATIONS })
    .encrypt(key);
}

/** A JWE of the secret for the holders of the outgoing key. */
export async function wrapForCertificate(
  secret: Uint8Array,
  outgoing: GroupCertificate,
  context: PackageContext,
): Promise<string> {
  return new CompactEncrypt(secret)
    .setProtectedHeader({
      alg: 'RSA-OAEP-256',
      enc: 'A256GCM',
      kid: outgoing.thumbprint,
      ...toWrapHeader(CERTIFICATE_WRAP, context),
    })
    .encrypt(outgoing.publicKey);
}
