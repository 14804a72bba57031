// What a machine signs with a group key to show that it holds it: proofs of possession over a fresh challenge, and
// authorisations of a new password wrap. Verifying holds no secret and runs in the service.
import { randomBytes } from 'node:crypto';
import type { GroupCertificate } from './certificates.ts';
import { sha256Base64url } from './encodings.ts';
import type { GroupKey } from './group-key.ts';
import type { Statement } from './signed-statement.ts';
import { signStatement, verifyStatement } from './signed-statement.ts';

export interface PossessionProof {
  readonly groupId: string;
  readonly machineId: string;
  /** Of the key that is proved. */
  readonly version: number;
  /** From {@link newChallenge}; the service takes each once. */
  readonly challenge: string;
}

export interface PasswordChange {
  readonly groupId: string;
  readonly machineId: string;
  /** Of the key whose password changes, which signs. */
  readonly version: number;
  /** Counts the password's changes, so that an old one cannot be sent again. */
  readonly revision: number;
  /** The new password wrap, a compact JWE. The signature carries its SHA-256. */
  readonly wrap: string;
}

/** 256 random bits in base64url. */
export function newChallenge(): string {
  return randomBytes(32).toString('base64url');
}

export async function signProof(proof: PossessionProof, key: GroupKey): Promise<string> {
  return signStatement(proofStatement(proof), key);
}

/**
 * Resolves when the certificate's key signed exactly the expected proof.
 * @throws CryptoError ProofInvalid for a bad structure or signature; WrongKey when it names another certificate; WrongContext
 *   when it is genuine, but for another machine, group, version, challenge or purpose.
 */
export async function verifyProof(
  jws: string,
  expected: PossessionProof,
  certificate: GroupCertificate,
): Promise<void> {
  await verifyStatement(jws, proofStatement(expected), certificate, 'ProofInvalid');
}

export async function signPasswordChange(change: PasswordChange, key: GroupKey): Promise<string> {
  return signStatement(passwordChangeStatement(change), key);
}

/**
 * Resolves when the certificate's key authorised exactly the expected change, this very wrap included.
 * @throws CryptoError ProofInvalid, WrongKey, WrongContext, as {@link verifyProof}.
 */
export async function verifyPasswordChange(
  jws: string,
  expected: PasswordChange,
  certificate: GroupCertificate,
): Promise<void> {
  await verifyStatement(jws, passwordChangeStatement(expected), certificate, 'ProofInvalid');
}

function proofStatement({ groupId, machineId, version, challenge }: PossessionProof): Statement {
  return {
    purpose: 'keyturn-proof',
    context: { group: groupId, version, machine: machineId },
    content: { challenge },
  };
}

function passwordChangeStatement(change: PasswordChange): Statement {
  const { groupId, machineId, version, revision, wrap } = change;
  return {
    purpose: 'keyturn-password-change',
    context: { group: groupId, version, machine: machineId },
    content: { revision, wrapDigest: sha256Base64url(wrap) },
  };
}
