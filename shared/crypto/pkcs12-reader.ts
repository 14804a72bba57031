// Reads PKCS#12 of the profile in `pkcs12-profile.ts`. It checks the MAC before it looks at anything else, and
// takes any number of `data` contents holding one key and one certificate; what the profile does not know is refused.
import { createPrivateKey, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { DerNode } from './der.ts';
import {
  decode,
  DerMismatch,
  encode,
  readExplicit,
  readInteger,
  readItems,
  readOctetString,
  readOid,
} from './der.ts';
import { CryptoError } from './errors.ts';
import * as profile from './pkcs12-profile.ts';

/** More would let whoever made the file keep its reader busy for as long as they like. */
const ITERATIONS_MAX = 1_000_000;

export interface Pkcs12Contents {
  readonly privateKey: KeyObject;
  readonly certificateDer: Buffer;
}

/**
 * Opens a PKCS#12 file.
 * @throws CryptoError PackageMalformed when it is not of the profile; PackageTampered when the MAC does not fit: the
 *   bytes are not those that were written, or this is not their password.
 */
export function readPkcs12(pkcs12: Uint8Array, password: string): Pkcs12Contents {
  try {
    return readBags(authenticatedContent(pkcs12, password), password);
  } catch (cause) {
    if (cause instanceof DerMismatch) {
      throw new CryptoError('PackageMalformed', 'not PKCS#12 of the profile of key packages', { cause });
    }
    throw cause;
  }
}

/** What the MAC covers, once it has been found right. */
function authenticatedContent(pkcs12: Uint8Array, password: string): Buffer {
  const [version, safe, macData] = readExactly(3, decode(pkcs12));
  requireThat(readInteger(version) === 3, 'version');
  const content = readDataContent(safe);
  const [digestInfo, salt, iterations] = readExactly(3, macData);
  const [algorithm, expected] = readExactly(2, digestInfo);
  requireThat(readOid(readItems(algorithm)[0]) === profile.SHA256, 'MAC algorithm');
  const mac = profile.pkcs12Mac(content, password, readOctetString(salt), readIterations(iterations));
  const expectedMac = readOctetString(expected);
  if (expectedMac.length !== mac.length || !timingSafeEqual(expectedMac, mac)) {
    throw new CryptoError('PackageTampered', "the package's MAC does not fit its content and secret");
  }
  return content;
}

function readBags(content: Uint8Array, password: string): Pkcs12Contents {
  const bags = readItems(decode(content)).flatMap((each) => readItems(decode(readDataContent(each))));
  const keys = bags.filter((bag) => readOid(readItems(bag)[0]) === profile.SHROUDED_KEY_BAG);
  const certificates = bags.filter((bag) => readOid(readItems(bag)[0]) === profile.CERTIFICATE_BAG);
  const [keyBag] = keys;
  const [certificateBag] = certificates;
  requireThat(keys.length === 1 && certificates.length === 1 && bags.length === 2, 'bags');
  return {
    privateKey: readPrivateKey(readBagValue(keyBag), password),
    certificateDer: readCertificate(readBagValue(certificateBag)),
  };
}

function readPrivateKey(encryptedKeyInfo: DerNode, password: string): KeyObject {
  const [algorithm] = readExactly(2, encryptedKeyInfo);
  const [scheme, parameters] = readExactly(2, algorithm);
  const [derivation, encryption] = readExactly(2, parameters);
  const [derivationName, derivationParameters] = readExactly(2, derivation);
  requireThat(
    readOid(scheme) === profile.PBES2 && readOid(derivationName) === profile.PBKDF2,
    'key derivation',
  );
  requireThat(readOid(readItems(encryption)[0]) === profile.AES_256_CBC, 'key encryption');
  readIterations(readItems(derivationParameters)[1]);
  try {
    const key = encode(encryptedKeyInfo);
    return createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase: password });
  } catch {
    throw new DerMismatch('the private key cannot be decrypted');
  }
}

function readCertificate(certificateBag: DerNode): Buffer {
  const [type, value] = readExactly(2, certificateBag);
  requireThat(readOid(type) === profile.X509_CERTIFICATE, 'certificate type');
  return readOctetString(readExplicit(0, value));
}

function readBagValue(bag: DerNode | undefined): DerNode {
  return readExplicit(0, readItems(bag)[1]);
}

function readDataContent(contentInfo: DerNode | undefined): Buffer {
  const [type, content] = readExactly(2, contentInfo);
  requireThat(readOid(type) === profile.DATA, 'content type');
  return readOctetString(readExplicit(0, content));
}

function readIterations(node: DerNode | undefined): number {
  const iterations = readInteger(node);
  requireThat(iterations >= 1 && iterations <= ITERATIONS_MAX, 'iterations');
  return iterations;
}

function readExactly(count: number, node: DerNode | undefined): readonly DerNode[] {
  const items = readItems(node);
  requireThat(items.length === count, 'number of fields');
  return items;
}

function requireThat(holds: boolean, what: string): void {
  if (!holds) throw new DerMismatch(`unexpected ${what}`);
}
