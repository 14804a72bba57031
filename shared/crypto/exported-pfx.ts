// A group key as a file for people: PKCS#12 under a password of theirs, which OpenSSL 3 and others open as it is. Runs on
// machines alone. The file is as strong as the password: iterations are as many as a password wrap's.
import type { GroupKey } from './group-key.ts';
import { normalizeNewPassword } from './group-password.ts';
import { writePkcs12 } from './pkcs12-writer.ts';

/** Iterations of PBKDF2-HMAC-SHA256 for the private key, and of the MAC's derivation, which would else be the weaker way in. */
export const PFX_ITERATIONS = 600_000;

/**
 * The PKCS#12 file of the key and its certificate. Keeps the event loop busy for about a second.
 * @throws CryptoError PasswordTooShort.
 */
export async function exportPfx(key: GroupKey, password: string): Promise<Uint8Array> {
  return writePkcs12(key, normalizeNewPassword(password), PFX_ITERATIONS);
}
