// Key pairs of the simulation: a private key is a random seed, its public half a hash of it. A registry leads from public
// halves back to private keys: by it, what a private key signed is verified, and what only a private key shall open is sealed,
// with the public half alone. Nothing but this file reads the registry.
import { createSecretKey, hash, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { PRIVATE_KEY_MARK } from './secret-marks.ts';

/** Keys of groups stand for RSA keys, those of machines for keys on P-256. */
export type KeyKind = 'group' | 'identity';

const PRIVATE_KEY = new RegExp(`^${PRIVATE_KEY_MARK} (group|identity) [A-Za-z0-9_-]{43}$`);
const PEM = new RegExp(
  `^-----BEGIN ${PRIVATE_KEY_MARK}-----\\n([A-Za-z0-9+/=]+)\\n-----END ${PRIVATE_KEY_MARK}-----\\n$`,
);

/** Characters of a signature. */
export const SIGNATURE_LENGTH = 43;

/** Private keys' texts by their public halves. */
const privateKeys = new Map<string, string>();

export function newPrivateKey(kind: KeyKind): KeyObject {
  return toPrivateKey(`${PRIVATE_KEY_MARK} ${kind} ${randomBytes(32).toString('base64url')}`);
}

/** The private key that `privateKeyText` answered with the text; null for any other text. */
export function privateKeyOfText(text: string): KeyObject | null {
  return PRIVATE_KEY.test(text) ? toPrivateKey(text) : null;
}

export function privateKeyText(privateKey: KeyObject): string {
  return privateKey.export().toString('latin1');
}

export function kindOf(privateKey: KeyObject): KeyKind {
  return PRIVATE_KEY.exec(privateKeyText(privateKey))?.[1] === 'group' ? 'group' : 'identity';
}

export function privateKeyToPem(privateKey: KeyObject): string {
  const body = privateKey.export().toString('base64');
  return `-----BEGIN ${PRIVATE_KEY_MARK}-----\n${body}\n-----END ${PRIVATE_KEY_MARK}-----\n`;
}

/** Null when the text is not PEM of a private key. */
export function privateKeyFromPem(pem: string): KeyObject | null {
  const body = PEM.exec(pem)?.[1];
  return body === undefined ? null : privateKeyOfText(Buffer.from(body, 'base64').toString('latin1'));
}

/** The public half of a private key: 43 characters of base64url. */
export function publicHalfOf(privateKey: KeyObject): string {
  return publicHalfOfText(privateKeyText(privateKey));
}

/** A public half as the key object that certificates and verifiers hold. */
export function toPublicKeyObject(publicHalf: string): KeyObject {
  return createSecretKey(publicHalf, 'latin1');
}

export function fromPublicKeyObject(publicKey: KeyObject): string {
  return publicKey.export().toString('latin1');
}

/** {@link SIGNATURE_LENGTH} characters of base64url. The same for the same message: nothing is drawn. */
export function sign(message: string, privateKey: KeyObject): string {
  return signature(message, privateKeyText(privateKey));
}

export function isSignedBy(message: string, signed: string, publicHalf: string): boolean {
  const text = privateKeys.get(publicHalf);
  return text !== undefined && signature(message, text) === signed;
}

/** What the holder of a private key opens with. */
export function openingSecret(privateKey: KeyObject): string {
  return hash('sha256', `opens ${privateKeyText(privateKey)}`, 'base64url');
}

/** The same secret, for those who seal for the holder. What is sealed for a key that nobody holds, nobody opens. */
export function sealingSecret(publicHalf: string): string {
  const text = privateKeys.get(publicHalf) ?? `nobody, for ${publicHalf}`;
  return hash('sha256', `opens ${text}`, 'base64url');
}

/** Empties the registry between two simulated worlds. Nothing from before verifies until its private key is read again. */
export function forgetKeys(): void {
  privateKeys.clear();
}

function toPrivateKey(text: string): KeyObject {
  privateKeys.set(publicHalfOfText(text), text);
  return createSecretKey(text, 'latin1');
}

function publicHalfOfText(text: string): string {
  return hash('sha256', `public half of ${text}`, 'base64url');
}

function signature(message: string, text: string): string {
  return hash('sha256', `${text} signs ${message}`, 'base64url');
}
