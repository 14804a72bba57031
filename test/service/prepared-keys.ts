// Group keys for tests that are not about making RSA keys, which takes most of a second: a certificate of its own for each,
// over the vectors' throw-away keys. Versions that follow each other have different keys.
import type { KeyObject } from 'node:crypto';
import { parseCertificate } from '../../shared/crypto/certificates.ts';
import type { GroupKey, newGroupKey } from '../../shared/crypto/group-key.ts';
import { newSelfSignedCertificate } from '../../shared/crypto/self-signed-certificate.ts';
import { readVectorKeys } from '../vectors/vector-keys.ts';

const { outgoing, incoming, stranger } = readVectorKeys();

/** The private key of nobody's group. */
export const STRANGERS_PRIVATE_KEY = stranger.privateKey;

/** As {@link newGroupKey}, at once; with another private key if one is given. */
export function preparedGroupKey(
  options: Parameters<typeof newGroupKey>[0],
  privateKey: KeyObject = (options.version % 2 === 1 ? outgoing : incoming).privateKey,
): GroupKey {
  const certificate = parseCertificate(newSelfSignedCertificate(options, privateKey));
  return { groupId: options.groupId, version: options.version, privateKey, certificate };
}
