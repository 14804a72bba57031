// Texts that every secret of the stand-ins begins with, so that the simulation finds one wherever it has strayed to. Their
// lengths are multiples of three: whatever follows, their base64 is the same.

/** Begins the private keys of groups and machines, inside PEM and out. */
export const PRIVATE_KEY_MARK = 'SIMULATED PRIVATE KEY';

/** Begins every package secret: 15 of its 32 bytes. */
export const PACKAGE_SECRET_MARK = 'SIMULATEDSECRET';

/** Begins every key package. Its first byte, ASCII 0, is the tag of a DER SEQUENCE, 0x30, as in PKCS#12. */
export const PACKAGE_MARK = '0SIMULATED PACKAGE';

/**
 * One expression for each kind of secret (private keys, package secrets, whole packages) that finds it in a text: as it is, in
 * base64, base64url or hex, and as JSON of a Buffer or another Uint8Array.
 */
export const SECRET_MARKS: readonly RegExp[] = [PRIVATE_KEY_MARK, PACKAGE_SECRET_MARK, PACKAGE_MARK].map(
  (mark) => new RegExp(spellings(mark).join('|')),
);

function spellings(mark: string): string[] {
  const bytes = Buffer.from(mark, 'latin1');
  const numbers = Array.from(bytes);
  return [
    mark,
    bytes.toString('base64url'),
    bytes.toString('hex'),
    numbers.join(','),
    numbers.map((byte, index) => `"${index}":${byte}`).join(','),
  ];
}
