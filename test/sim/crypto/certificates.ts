// Stand-in for shared/crypto/certificates.ts. Its certificates are those of self-signed-certificate.ts beside it. What has no
// likeness in them is not refused: they have no bits, so that none is weak, and no algorithm that could be another.
import { decodeBase64, decodeJson, sha256Base64url, uuidText } from '../../../shared/crypto/encodings.ts';
import type * as real from '../../../shared/crypto/certificates.ts';
import { CryptoError } from '../../../shared/crypto/errors.ts';
import { parseInstant } from '../../../shared/domain/instant.ts';
import type { Instant } from '../../../shared/domain/instant.ts';
import { isSignedBy, SIGNATURE_LENGTH, toPublicKeyObject } from './simulated-keys.ts';

export const RSA_BITS: typeof real.RSA_BITS = 3072;
export const RSA_BITS_MAX: typeof real.RSA_BITS_MAX = 8192;
export const RSA_PUBLIC_EXPONENT: typeof real.RSA_PUBLIC_EXPONENT = 65_537;

const BASE64_LENGTH_MAX = 8_192;

interface Said {
  readonly groupId: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly publicKey: string;
}

export const parseCertificate: typeof real.parseCertificate = (base64) => {
  const bytes = base64.length <= BASE64_LENGTH_MAX ? decodeBase64(base64) : null;
  if (bytes === null) throw malformed('it must be base64 of at most 8,192 characters');
  const signed = bytes.subarray(1, -SIGNATURE_LENGTH);
  const said = readSaid(bytes, decodeJson(signed));
  if (
    !isSignedBy(signed.toString('utf8'), bytes.toString('latin1').slice(-SIGNATURE_LENGTH), said.publicKey)
  ) {
    throw new CryptoError('CertificateNotSelfSigned', 'the certificate is not signed by its own key');
  }
  const groupId = uuidText.safeParse(said.groupId);
  if (!groupId.success) throw malformed('its group id must be one');
  if (said.notBefore >= said.notAfter) throw malformed('it must end after it begins');
  return {
    base64,
    thumbprint: sha256Base64url(bytes),
    groupId: groupId.data,
    notBefore: said.notBefore,
    notAfter: said.notAfter,
    publicKey: toPublicKeyObject(said.publicKey),
    modulusLength: RSA_BITS,
  };
};

function readSaid(bytes: Buffer, said: unknown): Said {
  const { groupId, notBefore, notAfter, publicKey } = (said ?? {}) as Record<string, unknown>;
  const isStarted = bytes[0] === 0x30;
  const [from, to] = [notBefore, notAfter].map((text) =>
    typeof text === 'string' ? parseInstant(text) : null,
  );
  if (!isStarted || typeof groupId !== 'string' || typeof publicKey !== 'string' || !from || !to) {
    throw malformed('it is none of the simulation');
  }
  return { groupId, publicKey, notBefore: from, notAfter: to };
}

function malformed(why: string): CryptoError {
  return new CryptoError('CertificateMalformed', `not a group certificate: ${why}`);
}
