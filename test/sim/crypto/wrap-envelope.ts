// Wraps of package secrets as key-package.ts makes them and open-package.ts opens them: compact JWEs in shape, which the real
// inspectWrap takes. Promises: a wrap opens only with what it was sealed for, and only unchanged.
import { hash, randomBytes } from 'node:crypto';
import { open, seal } from './sealing.ts';

/** How long the encrypted key of a JWE is: under A256KW for a password, under 3,072 bits of RSA for a certificate. */
export const ENCRYPTED_KEY_BYTES = { password: 40, certificate: 384 } as const;

/** @param opener what will open it, of any form. Draws 32 bytes and 12. */
export function sealWrap(
  secret: Uint8Array,
  header: object,
  encryptedKeyBytes: number,
  opener: string,
): string {
  const encryptedKey = Buffer.alloc(encryptedKeyBytes, randomBytes(32)).toString('base64url');
  const boundTo = [
    Buffer.from(JSON.stringify(header), 'utf8').toString('base64url'),
    encryptedKey,
    randomBytes(12).toString('base64url'),
  ].join('.');
  const { ciphertext, tag } = seal(secret, keyOf(opener, boundTo), boundTo);
  return [boundTo, Buffer.from(ciphertext).toString('base64url'), tag].join('.');
}

/** The secret in a wrap that `inspectWrap` has taken; null when `opener` does not open it, or it was changed. */
export function openWrap(wrap: string, opener: string): Uint8Array | null {
  const [header, encryptedKey, nonce, ciphertext = '', tag = ''] = wrap.split('.');
  const boundTo = [header, encryptedKey, nonce].join('.');
  const sealed = { ciphertext: new Uint8Array(Buffer.from(ciphertext, 'base64url')), tag };
  return open(sealed, keyOf(opener, boundTo), boundTo);
}

function keyOf(opener: string, boundTo: string): string {
  return hash('sha256', `${boundTo} ${opener}`, 'base64url');
}
