// The group password: known to the customer, used on machines, never sent. It is compared as NFC text, so that it
// opens the same package whatever keyboard it was typed on.
import { randomBytes } from 'node:crypto';
import { CryptoError } from './errors.ts';

/** Fewest characters (code points, after normalisation) of a password that is set. */
export const PASSWORD_LENGTH_MIN = 12;

// Crockford's base 32 in lower case: no i, l, o or u, so that a password survives being read aloud or copied by hand.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const GROUPS = 7;
const GROUP_LENGTH = 4;

/** A password nobody has to think up: seven groups of four characters, 140 random bits. */
export function newGroupPassword(): string {
  const characters = Array.from(randomBytes(GROUPS * GROUP_LENGTH), (byte) =>
    ALPHABET.charAt(byte & 31),
  ).join('');
  return Array.from({ length: GROUPS }, (_, index) =>
    characters.slice(index * GROUP_LENGTH, (index + 1) * GROUP_LENGTH),
  ).join('-');
}

/** The form in which a password is used: Unicode NFC. */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}

/**
 * The form in which a new password is used.
 * @throws CryptoError PasswordTooShort.
 */
export function normalizeNewPassword(password: string): string {
  const normalized = normalizePassword(password);
  if (Array.from(normalized).length < PASSWORD_LENGTH_MIN) {
    throw new CryptoError(
      'PasswordTooShort',
      `a password must have at least ${PASSWORD_LENGTH_MIN} characters`,
    );
  }
  return normalized;
}
