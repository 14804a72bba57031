// Group certificates as they travel: reading and checking, nothing secret. Promises: what `parseCertificate` returns is
// one self-signed X.509 certificate, of an RSA key strong enough for the years a group key lives, and names
// its group. Validity in time is the caller's decision.
import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Instant } from '../domain/instant.ts';
import { toInstant } from '../domain/instant.ts';
import { decodeBase64, sha256Base64url, uuidText } from './encodings.ts';
import { CryptoError } from './errors.ts';

/** Bits of a group key's modulus: what is made, and the least that is accepted. */
export const RSA_BITS = 3072;

/** Most bits that are accepted: larger keys only cost their verifiers. */
export const RSA_BITS_MAX = 8192;

/** The only public exponent that is made or accepted. */
export const RSA_PUBLIC_EXPONENT = 65_537;

const BASE64_LENGTH_MAX = 8_192;

export interface GroupCertificate {
  /** Standard base64 of the DER, without line breaks: how certificates are stored and sent. */
  readonly base64: string;
  /** base64url SHA-256 of the DER (`x5t#S256`). */
  readonly thumbprint: string;
  /** The subject's common name. */
  readonly groupId: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly publicKey: KeyObject;
  readonly modulusLength: number;
}

/**
 * Reads a certificate from standard base64 of its DER.
 * @throws CryptoError CertificateMalformed for anything but one DER certificate with a group id as its only common
 *   name, a validity that is not empty, and a SHA-256 signature; CertificateKeyWeak; CertificateNotSelfSigned.
 */
export function parseCertificate(base64: string): GroupCertificate {
  const certificate = readDer(base64);
  const publicKey = readPublicKey(certificate);
  const modulusLength = requireStrongKey(publicKey);
  requireSelfSigned(certificate, publicKey);
  const groupId = uuidText.safeParse(certificate.toLegacyObject().subject.CN);
  if (!groupId.success) throw malformed("the certificate's common name must be one group id");
  const notBefore = toInstant(certificate.validFromDate.getTime());
  const notAfter = toInstant(certificate.validToDate.getTime());
  if (notBefore >= notAfter) throw malformed('the certificate must end after it begins');
  return {
    base64,
    thumbprint: sha256Base64url(certificate.raw),
    groupId: groupId.data,
    notBefore,
    notAfter,
    publicKey,
    modulusLength,
  };
}

function readDer(base64: string): X509Certificate {
  const der = base64.length <= BASE64_LENGTH_MAX ? decodeBase64(base64) : null;
  if (der === null) throw malformed('a certificate must be base64 of at most 8,192 characters');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (cause) {
    throw malformed('the certificate is not X.509 in DER', { cause });
  }
  // The parser also takes PEM, and stops at the end of the first certificate.
  if (!certificate.raw.equals(der)) throw malformed('the certificate must be DER and nothing after it');
  return certificate;
}

function readPublicKey(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw malformed("the certificate's public key cannot be read", { cause });
  }
}

function requireStrongKey(publicKey: KeyObject): number {
  const { modulusLength = 0, publicExponent } = publicKey.asymmetricKeyDetails ?? {};
  if (
    publicKey.asymmetricKeyType !== 'rsa' ||
    modulusLength < RSA_BITS ||
    publicExponent !== BigInt(RSA_PUBLIC_EXPONENT)
  ) {
    throw new CryptoError(
      'CertificateKeyWeak',
      `the certificate's key must be RSA of at least ${RSA_BITS} bits with exponent ${RSA_PUBLIC_EXPONENT}`,
    );
  }
  if (modulusLength > RSA_BITS_MAX) throw malformed(`the certificate's key is over ${RSA_BITS_MAX} bits`);
  return modulusLength;
}

function requireSelfSigned(certificate: X509Certificate, publicKey: KeyObject): void {
  if (certificate.signatureAlgorithm !== 'sha256WithRSAEncryption') {
    throw malformed('the certificate must be signed with SHA-256 and RSA');
  }
  if (certificate.issuer !== certificate.subject || !certificate.verify(publicKey)) {
    throw new CryptoError('CertificateNotSelfSigned', 'the certificate is not signed by its own key');
  }
}

function malformed(message: string, options?: ErrorOptions): CryptoError {
  return new CryptoError('CertificateMalformed', message, options);
}
