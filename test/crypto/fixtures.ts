// What the tests of shared/crypto share: the vectors' fixed keys, so that no test waits for RSA keys, and flipping bits.
import type { CryptoErrorCode } from '../../shared/crypto/errors.ts';
import { CryptoError } from '../../shared/crypto/errors.ts';
import { readVectorKeys } from '../vectors/vector-keys.ts';

export { GROUP_ID, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from '../vectors/vector-keys.ts';

/** Group keys `outgoing` (version 1), `incoming` (2) and `stranger` (another group's), and machine identities. */
export const keys = readVectorKeys();

/** A copy of `bytes` with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return flipped;
}

/** The code that `run` is refused with, or null when it succeeds. Any other error is a defect, and thrown. */
export async function codeOf(run: () => unknown): Promise<CryptoErrorCode | null> {
  try {
    await run();
    return null;
  } catch (cause) {
    if (cause instanceof CryptoError) return cause.code;
    throw cause;
  }
}
