// Enrollment tokens: `kt1.<groupId>.<tokenId>.<secret>`, shown to a person once. They bound who may even try a group
// password. The service keeps the secret's hash; 256 random bits need no slower one.
import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { base64url256, decodeBase64url, uuidText } from './encodings.ts';

const PREFIX = 'kt1';

export interface NewEnrollmentToken {
  /** What the person gets. Secret; never stored. */
  readonly token: string;
  readonly tokenId: string;
  /** base64url SHA-256 of the secret's 32 bytes: what is stored. */
  readonly secretHash: string;
}

export interface EnrollmentToken {
  readonly groupId: string;
  readonly tokenId: string;
  /** 32 bytes in base64url. */
  readonly secret: string;
}

export function newEnrollmentToken(groupId: string, tokenId: string = randomUUID()): NewEnrollmentToken {
  const secret = randomBytes(32);
  return {
    token: [PREFIX, groupId, tokenId, secret.toString('base64url')].join('.'),
    tokenId,
    secretHash: hash('sha256', secret, 'base64url'),
  };
}

/** The parts of a token's exact form; null for anything else. */
export function parseEnrollmentToken(text: string): EnrollmentToken | null {
  const [prefix, groupId, tokenId, secret, ...rest] = text.split('.');
  if (prefix !== PREFIX || rest.length > 0) return null;
  const parts = [
    uuidText.safeParse(groupId),
    uuidText.safeParse(tokenId),
    base64url256.safeParse(secret),
  ] as const;
  const [group, id, bits] = parts;
  return group.success && id.success && bits.success
    ? { groupId: group.data, tokenId: id.data, secret: bits.data }
    : null;
}

/** Whether `secret` is the one that was hashed, in a time that tells nothing about it. */
export function enrollmentSecretMatches(secret: string, secretHash: string): boolean {
  const secretBytes = decodeBase64url(secret);
  const expected = decodeBase64url(secretHash);
  if (secretBytes === null || expected?.length !== 32) return false;
  return timingSafeEqual(hash('sha256', secretBytes, 'buffer'), expected);
}
