// What the tables of uses and refusals are made of: a case is run against both cryptographies, and must end in both as it says.
import type { CryptoErrorCode } from '../../../shared/crypto/errors.ts';
import type { Statement } from '../../../shared/crypto/signed-statement.ts';
import type { Instant } from '../../../shared/domain/instant.ts';
import { GROUP_ID, MACHINE_ID } from '../../crypto/fixtures.ts';
import { NOT_AFTER, NOT_BEFORE } from '../../vectors/vector-keys.ts';
import type { Cryptography } from './cryptographies.ts';

export interface Case {
  readonly title: string;
  /** What it is refused with; null when it succeeds. */
  readonly code: CryptoErrorCode | null;
  readonly run: (crypto: Cryptography) => unknown;
}

export const VALIDITY = { notBefore: NOT_BEFORE, notAfter: NOT_AFTER };

/** What a token is signed for. */
export const TOKEN = {
  machineId: MACHINE_ID,
  groupId: GROUP_ID,
  audience: 'keyturn',
  now: '2026-11-22T12:00:00Z' as Instant,
};
export const PROOF: Statement = {
  purpose: 'keyturn-proof',
  context: { group: GROUP_ID, version: 2, machine: MACHINE_ID },
  content: { challenge: 'of the service' },
};

/** One case for each input, named by it, all refused with the same code. */
export function refusedWith<Input>(
  code: CryptoErrorCode,
  what: string,
  inputs: Readonly<Record<string, Input>>,
  run: (crypto: Cryptography, input: Input) => unknown,
): Case[] {
  return Object.entries(inputs).map(([name, input]) => ({
    title: `${what} ${name}`,
    code,
    run: (crypto) => run(crypto, input),
  }));
}

/** A compact text with the first character of one of its parts replaced. */
export function changedPart(compact: string, index: number): string {
  const parts = compact.split('.');
  const part = parts[index] ?? '';
  return parts.with(index, (part.startsWith('A') ? 'B' : 'A') + part.slice(1)).join('.');
}

/** A base64 text with its bytes changed. */
export function rewritten(base64: string, change: (bytes: Buffer) => Uint8Array): string {
  return Buffer.from(change(Buffer.from(base64, 'base64'))).toString('base64');
}
