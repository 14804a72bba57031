// Stand-in for shared/crypto/self-signed-certificate.ts: a certificate is a line of JSON, which says what X.509 would, with its
// key's signature behind it. The character 0 before it is the byte that every DER certificate begins with.
import { randomBytes } from 'node:crypto';
import type * as real from '../../../shared/crypto/self-signed-certificate.ts';
import { publicHalfOf, sign } from './simulated-keys.ts';

export const newSelfSignedCertificate: typeof real.newSelfSignedCertificate = (request, privateKey) => {
  const { groupId, notBefore, notAfter } = request;
  const serial = randomBytes(16).toString('hex');
  const publicKey = publicHalfOf(privateKey);
  const said = JSON.stringify({ serial, groupId, notBefore, notAfter, publicKey });
  return Buffer.from(`0${said}${sign(said, privateKey)}`, 'utf8').toString('base64');
};
