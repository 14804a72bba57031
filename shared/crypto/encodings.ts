// The text forms that keys, ids and digests travel in, read strictly: a value has one spelling, so that nobody
// can change text without changing what it says.
import { hash } from 'node:crypto';
import { z } from 'zod';

/** An id: a UUID in lower case. */
export const uuidText = z.uuid().lowercase();

/** 32 bytes as base64url without padding: 43 characters, the last one's unused bits zero. */
export const base64url256 = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in base64url');

/** The version of a group key, counted from 1. */
export const keyVersion = z.int().min(1);

/** Canonical base64url (RFC 4648 section 5, no padding) to bytes; null for anything else. */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}

/** Whether each part between the dots of a compact JWS is canonical base64url; verifiers alone are laxer about signatures. */
export function isCanonicalCompact(text: string): boolean {
  return text.split('.').every((part) => decodeBase64url(part) !== null);
}

/** Canonical base64 (RFC 4648 section 4, padded, no line breaks) to bytes; null for anything else. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** Text that holds a JSON value; undefined when it does not. */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** base64url SHA-256: how certificates (`x5t#S256`), packages and wraps are named. */
export function sha256Base64url(data: Uint8Array | string): string {
  return hash('sha256', data, 'base64url');
}
