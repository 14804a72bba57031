// The real cryptography and its stand-in side by side, each with keys, a package and wraps of its own, for the tests that hold
// the one to the other. The compiler checks here that the stand-ins are called as the real ones are.
import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import * as realCertificates from '../../../shared/crypto/certificates.ts';
import * as realGroupKey from '../../../shared/crypto/group-key.ts';
import type { GroupKey } from '../../../shared/crypto/group-key.ts';
import * as realKeyPackage from '../../../shared/crypto/key-package.ts';
import * as realIdentity from '../../../shared/crypto/machine-identity.ts';
import * as realToken from '../../../shared/crypto/machine-token.ts';
import * as realOpenPackage from '../../../shared/crypto/open-package.ts';
import * as realSelfSigned from '../../../shared/crypto/self-signed-certificate.ts';
import * as realStatement from '../../../shared/crypto/signed-statement.ts';
import type { PackageContext } from '../../../shared/crypto/wraps.ts';
import { packageDigest } from '../../../shared/crypto/wraps.ts';
import {
  GROUP_ID,
  NOT_AFTER,
  NOT_BEFORE,
  OTHER_GROUP_ID,
  readVectorKeys,
} from '../../vectors/vector-keys.ts';
import type { VectorKeys } from '../../vectors/vector-keys.ts';
import * as certificates from './certificates.ts';
import { signCompact } from './compact-jws.ts';
import * as groupKey from './group-key.ts';
import * as keyPackage from './key-package.ts';
import * as identity from './machine-identity.ts';
import * as token from './machine-token.ts';
import * as openPackage from './open-package.ts';
import * as selfSigned from './self-signed-certificate.ts';
import * as statement from './signed-statement.ts';

const realFunctions = {
  ...realCertificates,
  ...realGroupKey,
  ...realKeyPackage,
  ...realIdentity,
  ...realToken,
  ...realOpenPackage,
  ...realSelfSigned,
  ...realStatement,
};

type Functions = typeof realFunctions;

const standInFunctions: Functions = {
  ...certificates,
  ...groupKey,
  ...keyPackage,
  ...identity,
  ...token,
  ...openPackage,
  ...selfSigned,
  ...statement,
};

export interface Cryptography extends Functions {
  readonly name: 'the real one' | 'the stand-in';
  /** Signs whatever it is given, as nobody but an attacker does. */
  readonly signAnything: typeof signWithJose;
  /** Of the same groups and versions in both. */
  readonly keys: VectorKeys;
  /** `keys.incoming`, sealed. */
  readonly pkcs12: Uint8Array;
  readonly secret: Uint8Array;
  readonly context: PackageContext;
  readonly passwordWrap: string;
  /** For `keys.outgoing`. */
  readonly certificateWrap: string;
}

/** Of {@link Cryptography.passwordWrap}; NFC leaves it as it is. */
export const PASSWORD = 'Zürich, Gleis 44';

export async function bothCryptographies(): Promise<readonly [Cryptography, Cryptography]> {
  return [
    await cryptography('the real one', realFunctions, signWithJose, readVectorKeys()),
    await standInCryptography(),
  ];
}

export async function standInCryptography(): Promise<Cryptography> {
  return cryptography('the stand-in', standInFunctions, signSimulated, await standInKeys());
}

export function contextOf(key: GroupKey, pkcs12: Uint8Array): PackageContext {
  const { groupId, version, certificate } = key;
  return { groupId, version, thumbprint: certificate.thumbprint, packageDigest: packageDigest(pkcs12) };
}

async function cryptography(
  name: Cryptography['name'],
  functions: Functions,
  signAnything: typeof signWithJose,
  keys: VectorKeys,
): Promise<Cryptography> {
  const { pkcs12, secret } = await functions.sealPackage(keys.incoming);
  const context = contextOf(keys.incoming, pkcs12);
  const passwordWrap = await functions.wrapForPassword(secret, PASSWORD, context);
  const certificateWrap = await functions.wrapForCertificate(secret, keys.outgoing.certificate, context);
  const sealed = { pkcs12, secret, context, passwordWrap, certificateWrap };
  return { ...functions, ...sealed, name, signAnything, keys };
}

async function signWithJose(
  header: { readonly alg: string; readonly typ: string },
  payload: object,
  privateKey: KeyObject,
): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(payload), 'utf8'))
    .setProtectedHeader(header)
    .sign(privateKey);
}

const signSimulated: typeof signWithJose = async (header, payload, key) => signCompact(header, payload, key);

async function standInKeys(): Promise<VectorKeys> {
  const dates = { notBefore: NOT_BEFORE, notAfter: NOT_AFTER };
  const { newGroupKey, newMachineIdentity } = standInFunctions;
  return {
    outgoing: await newGroupKey({ groupId: GROUP_ID, version: 1, ...dates }),
    incoming: await newGroupKey({ groupId: GROUP_ID, version: 2, ...dates }),
    stranger: await newGroupKey({ groupId: OTHER_GROUP_ID, version: 2, ...dates }),
    machineIdentity: await newMachineIdentity(),
    otherMachineIdentity: await newMachineIdentity(),
  };
}
