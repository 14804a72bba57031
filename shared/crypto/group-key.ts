// Group keys: made, kept and held by machines alone. Nothing here runs in the service, which sees certificates only.
import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Instant } from '../domain/instant.ts';
import type { GroupCertificate } from './certificates.ts';
import { parseCertificate, RSA_BITS, RSA_PUBLIC_EXPONENT } from './certificates.ts';
import { CryptoError } from './errors.ts';
import { newSelfSignedCertificate } from './self-signed-certificate.ts';

const generateKeyPairAsync = promisify(generateKeyPair);

export interface GroupKey {
  readonly groupId: string;
  readonly version: number;
  readonly privateKey: KeyObject;
  readonly certificate: GroupCertificate;
}

/** A group key as it lies in the agent's folder. Secret. */
export interface GroupKeyPem {
  readonly version: number;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  /** Standard base64 of the DER certificate. */
  readonly certificate: string;
}

/** A new RSA key and its certificate, with exactly the dates given. Takes about a second, off the event loop. */
export async function newGroupKey(options: {
  readonly groupId: string;
  readonly version: number;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}): Promise<GroupKey> {
  const { privateKey } = await generateKeyPairAsync('rsa', {
    modulusLength: RSA_BITS,
    publicExponent: RSA_PUBLIC_EXPONENT,
  });
  const certificate = parseCertificate(newSelfSignedCertificate(options, privateKey));
  return { groupId: options.groupId, version: options.version, privateKey, certificate };
}

export function groupKeyToPem(key: GroupKey): GroupKeyPem {
  return {
    version: key.version,
    privateKeyPem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: key.certificate.base64,
  };
}

/**
 * Reads what {@link groupKeyToPem} wrote.
 * @throws CryptoError KeyMalformed when the PEM holds no private key; WrongKey when it is not the certificate's;
 *   what `parseCertificate` throws.
 */
export function groupKeyFromPem(pem: GroupKeyPem): GroupKey {
  const certificate = parseCertificate(pem.certificate);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem.privateKeyPem);
  } catch {
    // The cause is left out: it could quote the key.
    throw new CryptoError('KeyMalformed', 'the group key file holds no private key in PEM');
  }
  if (!isKeyOf(certificate, privateKey)) {
    throw new CryptoError('WrongKey', "the private key is not the certificate's");
  }
  return { groupId: certificate.groupId, version: pem.version, privateKey, certificate };
}

/** Whether `privateKey` is the one that `certificate` certifies. */
export function isKeyOf(certificate: GroupCertificate, privateKey: KeyObject): boolean {
  return createPublicKey(privateKey).equals(certificate.publicKey);
}
