// Stand-in for shared/crypto/key-package.ts. A package is a line of text: the certificate as it is, the private key sealed
// under the package secret, and a tag over both. A new secret draws 17 bytes after its mark; a password is not stretched.
import { randomBytes } from 'node:crypto';
import { normalizeNewPassword } from '../../../shared/crypto/group-password.ts';
import type * as real from '../../../shared/crypto/key-package.ts';
import {
  CERTIFICATE_WRAP,
  PACKAGE_SECRET_BYTES,
  PASSWORD_WRAP,
  PBES2_ITERATIONS,
  toWrapHeader,
} from '../../../shared/crypto/wraps.ts';
import { seal } from './sealing.ts';
import { PACKAGE_MARK, PACKAGE_SECRET_MARK } from './secret-marks.ts';
import { fromPublicKeyObject, privateKeyText, sealingSecret } from './simulated-keys.ts';
import { ENCRYPTED_KEY_BYTES, sealWrap } from './wrap-envelope.ts';

export const sealPackage: typeof real.sealPackage = async ({ privateKey, certificate }) => {
  const drawn = randomBytes(PACKAGE_SECRET_BYTES - PACKAGE_SECRET_MARK.length);
  const secret = Buffer.concat([Buffer.from(PACKAGE_SECRET_MARK, 'latin1'), drawn]);
  const plain = Buffer.from(privateKeyText(privateKey), 'latin1');
  const { ciphertext, tag } = seal(plain, packagePassword(secret), certificate.base64);
  const sealedKey = Buffer.from(ciphertext).toString('base64url');
  const pkcs12 = Buffer.from([PACKAGE_MARK, certificate.base64, sealedKey, tag].join(' '), 'latin1');
  return { pkcs12, secret };
};

export const packagePassword: typeof real.packagePassword = (secret) =>
  Buffer.from(secret).toString('base64url');

export const wrapForPassword: typeof real.wrapForPassword = async (secret, password, context) => {
  const opener = normalizeNewPassword(password);
  const header = {
    alg: 'PBES2-HS512+A256KW',
    enc: 'A256GCM',
    ...toWrapHeader(PASSWORD_WRAP, context),
    p2s: randomBytes(16).toString('base64url'),
    p2c: PBES2_ITERATIONS,
  };
  return sealWrap(secret, header, ENCRYPTED_KEY_BYTES.password, opener);
};

export const wrapForCertificate: typeof real.wrapForCertificate = async (secret, outgoing, context) => {
  const header = {
    alg: 'RSA-OAEP-256',
    enc: 'A256GCM',
    kid: outgoing.thumbprint,
    ...toWrapHeader(CERTIFICATE_WRAP, context),
  };
  const opener = sealingSecret(fromPublicKeyObject(outgoing.publicKey));
  return sealWrap(secret, header, ENCRYPTED_KEY_BYTES.certificate, opener);
};
