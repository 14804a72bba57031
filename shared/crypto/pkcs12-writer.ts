// Writes a group key as PKCS#12 in the profile of `pkcs12-profile.ts`: key packages under a random secret, and exported
// files under a person's password, which differ in their iterations alone.
import { createCipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { DerNode } from './der.ts';
import { bmpString, encode, explicit, integer, nothing, octetString, oid, sequence, set } from './der.ts';
import type { GroupKey } from './group-key.ts';
import * as profile from './pkcs12-profile.ts';

const pbkdf2Async = promisify(pbkdf2);

/** The PKCS#12 file of a group key. `iterations` count for the private key and for the MAC alike. */
export async function writePkcs12(key: GroupKey, password: string, iterations: number): Promise<Buffer> {
  const attributes = bagAttributes(key);
  const certificateDer = Buffer.from(key.certificate.base64, 'base64');
  const keyBag = sequence(
    oid(profile.SHROUDED_KEY_BAG),
    explicit(0, await encryptedPrivateKey(key, password, iterations)),
    attributes,
  );
  const certificateBag = sequence(
    oid(profile.CERTIFICATE_BAG),
    explicit(0, sequence(oid(profile.X509_CERTIFICATE), explicit(0, octetString(certificateDer)))),
    attributes,
  );
  const authenticatedSafe = encode(sequence(dataContent(encode(sequence(keyBag, certificateBag)))));
  return encode(
    sequence(integer(3), dataContent(authenticatedSafe), macData(authenticatedSafe, password, iterations)),
  );
}

/** EncryptedPrivateKeyInfo (RFC 5958) under PBES2 (RFC 8018). */
async function encryptedPrivateKey(key: GroupKey, password: string, iterations: number): Promise<DerNode> {
  const salt = randomBytes(16);
  const initializationVector = randomBytes(16);
  const encryptionKey = await pbkdf2Async(password, salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', encryptionKey, initializationVector);
  const plain = key.privateKey.export({ type: 'pkcs8', format: 'der' });
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const derivation = sequence(
    oid(profile.PBKDF2),
    sequence(octetString(salt), integer(iterations), sequence(oid(profile.HMAC_SHA256), nothing())),
  );
  const encryption = sequence(oid(profile.AES_256_CBC), octetString(initializationVector));
  return sequence(sequence(oid(profile.PBES2), sequence(derivation, encryption)), octetString(encrypted));
}

/** Programs that import the file tell by these which key belongs to which certificate, and show the name. */
function bagAttributes(key: GroupKey): DerNode {
  const localKeyId = Buffer.from(key.certificate.thumbprint, 'base64url');
  return set(
    sequence(oid(profile.FRIENDLY_NAME), set(bmpString(`Keyturn ${key.groupId} v${key.version}`))),
    sequence(oid(profile.LOCAL_KEY_ID), set(octetString(localKeyId))),
  );
}

function dataContent(bytes: Uint8Array): DerNode {
  return sequence(oid(profile.DATA), explicit(0, octetString(bytes)));
}

function macData(content: Uint8Array, password: string, iterations: number): DerNode {
  const salt = randomBytes(16);
  const mac = profile.pkcs12Mac(content, password, salt, iterations);
  const digestInfo = sequence(sequence(oid(profile.SHA256), nothing()), octetString(mac));
  return sequence(digestInfo, octetString(salt), integer(iterations));
}
