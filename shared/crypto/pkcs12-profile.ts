// The one profile of PKCS#12 (RFC 7292) that Keyturn writes and reads: the private key under PBES2 (PBKDF2 with
// HMAC-SHA256, AES-256-CBC), the certificate in the clear, and all of it under an HMAC-SHA256. Every derivation is
// native: node-forge's takes ten seconds where this takes one.
import { createHmac, hash } from 'node:crypto';

export const DATA = '1.2.840.113549.1.7.1';
export const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
export const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
export const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
export const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
export const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
export const PBES2 = '1.2.840.113549.1.5.13';
export const PBKDF2 = '1.2.840.113549.1.5.12';
export const HMAC_SHA256 = '1.2.840.113549.2.9';
export const AES_256_CBC = '2.16.840.1.101.3.4.1.42';
export const SHA256 = '2.16.840.1.101.3.4.2.1';

const HASH_BLOCK = 64;
const MAC_KEY_PURPOSE = 3;

/**
 * HMAC-SHA256 of `content` under the key that RFC 7292 appendix B.2 derives from the password (purpose 3). Its hundreds of
 * thousands of hashes keep the event loop busy: about a second for 600,000.
 */
export function pkcs12Mac(
  content: Uint8Array,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Buffer {
  // As a BMPString: UTF-16, big-endian, with a terminating zero.
  const passwordBytes = Buffer.from(`${password}\0`, 'utf16le').swap16();
  let key: Buffer = Buffer.concat([
    Buffer.alloc(HASH_BLOCK, MAC_KEY_PURPOSE),
    repeatToBlocks(salt),
    repeatToBlocks(passwordBytes),
  ]);
  // The key is as long as the hash, so that one round of the RFC's outer loop makes all of it.
  for (let iteration = 0; iteration < iterations; iteration += 1) key = hash('sha256', key, 'buffer');
  return createHmac('sha256', key).update(content).digest();
}

function repeatToBlocks(bytes: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / HASH_BLOCK) * HASH_BLOCK, bytes);
}
