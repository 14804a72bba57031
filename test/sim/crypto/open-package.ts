// Stand-in for shared/crypto/open-package.ts, for the wraps and packages of key-package.ts beside it.
import { CryptoError } from '../../../shared/crypto/errors.ts';
import { normalizePassword } from '../../../shared/crypto/group-password.ts';
import type * as real from '../../../shared/crypto/open-package.ts';
import { CERTIFICATE_WRAP, packageDigest, PASSWORD_WRAP, requireWrap } from '../../../shared/crypto/wraps.ts';
import { parseCertificate } from './certificates.ts';
import { isKeyOf } from './group-key.ts';
import { packagePassword } from './key-package.ts';
import { open } from './sealing.ts';
import { PACKAGE_MARK } from './secret-marks.ts';
import { openingSecret, privateKeyOfText } from './simulated-keys.ts';
import { openWrap } from './wrap-envelope.ts';

const PACKAGE = new RegExp(`^${PACKAGE_MARK} ([A-Za-z0-9+/=]*) ([A-Za-z0-9_-]*) ([A-Za-z0-9_-]{22})$`);

export const unwrapWithPassword: typeof real.unwrapWithPassword = async (jwe, password, context) => {
  requireWrap(jwe, PASSWORD_WRAP, context);
  const secret = openWrap(jwe, normalizePassword(password));
  if (secret === null) throw new CryptoError('WrongPassword', 'the password does not open this package');
  return secret;
};

export const unwrapWithKey: typeof real.unwrapWithKey = async (jwe, key, context) => {
  const { kid } = requireWrap(jwe, CERTIFICATE_WRAP, context);
  const secret = kid === key.certificate.thumbprint ? openWrap(jwe, openingSecret(key.privateKey)) : null;
  if (secret === null) throw new CryptoError('WrongKey', 'the key does not open this wrap');
  return secret;
};

export const openPackage: typeof real.openPackage = async (pkcs12, secret, context) => {
  requireSame(packageDigest(pkcs12) === context.packageDigest, 'its bytes');
  const [, certificateText, sealedKey, tag] = PACKAGE.exec(Buffer.from(pkcs12).toString('latin1')) ?? [];
  if (certificateText === undefined || sealedKey === undefined || tag === undefined) throw malformed();
  const sealed = { ciphertext: new Uint8Array(Buffer.from(sealedKey, 'base64url')), tag };
  const plain = open(sealed, packagePassword(secret), certificateText);
  requireSame(plain !== null, 'its secret, or what it covers,');
  const privateKey = privateKeyOfText(Buffer.from(plain).toString('latin1'));
  if (privateKey === null) throw malformed();
  const certificate = parseCertificate(certificateText);
  requireSame(certificate.thumbprint === context.thumbprint, 'its certificate');
  requireSame(certificate.groupId === context.groupId, 'its group');
  requireSame(isKeyOf(certificate, privateKey), 'its private key');
  return { groupId: context.groupId, version: context.version, privateKey, certificate };
};

function requireSame(isSame: boolean, what: string): asserts isSame {
  if (!isSame) throw new CryptoError('PackageTampered', `not the package that was sealed: ${what} differs`);
}

function malformed(): CryptoError {
  return new CryptoError('PackageMalformed', 'not a key package of the simulation');
}
