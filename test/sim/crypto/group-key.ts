// Stand-in for shared/crypto/group-key.ts: keys of simulated-keys.ts with certificates of self-signed-certificate.ts. A new
// key draws 32 bytes for itself and 16 for its certificate, and takes no time.
import type * as real from '../../../shared/crypto/group-key.ts';
import { CryptoError } from '../../../shared/crypto/errors.ts';
import { parseCertificate } from './certificates.ts';
import { newSelfSignedCertificate } from './self-signed-certificate.ts';
import {
  fromPublicKeyObject,
  newPrivateKey,
  privateKeyFromPem,
  privateKeyToPem,
  publicHalfOf,
} from './simulated-keys.ts';

export const newGroupKey: typeof real.newGroupKey = async (options) => {
  const privateKey = newPrivateKey('group');
  const certificate = parseCertificate(newSelfSignedCertificate(options, privateKey));
  return { groupId: options.groupId, version: options.version, privateKey, certificate };
};

export const groupKeyToPem: typeof real.groupKeyToPem = ({ version, privateKey, certificate }) => ({
  version,
  privateKeyPem: privateKeyToPem(privateKey),
  certificate: certificate.base64,
});

export const groupKeyFromPem: typeof real.groupKeyFromPem = (pem) => {
  // Read first, refused second: a certificate is only verified once its private key has been seen in this process.
  const privateKey = privateKeyFromPem(pem.privateKeyPem);
  const certificate = parseCertificate(pem.certificate);
  if (privateKey === null) throw new CryptoError('KeyMalformed', 'the group key file holds no private key');
  if (!isKeyOf(certificate, privateKey)) {
    throw new CryptoError('WrongKey', "the private key is not the certificate's");
  }
  return { groupId: certificate.groupId, version: pem.version, privateKey, certificate };
};

export const isKeyOf: typeof real.isKeyOf = (certificate, privateKey) =>
  publicHalfOf(privateKey) === fromPublicKeyObject(certificate.publicKey);
