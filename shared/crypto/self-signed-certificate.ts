// Makes the self-signed certificate of a group key (RFC 5280). The structure is node-forge's ASN.1; the signature is
// native, because signing in JavaScript blocks the machine for a tenth of a second.
import { createPublicKey, hash, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Instant } from '../domain/instant.ts';
import { fromInstant } from '../domain/instant.ts';
import type { DerNode } from './der.ts';
import {
  bigInteger,
  bitString,
  boolean,
  decode,
  encode,
  explicit,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';

/** The organization in every group certificate's name. */
const ORGANIZATION_NAME = 'Keyturn';

export interface CertificateRequest {
  readonly groupId: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/** Standard base64 of a new certificate's DER, with exactly the dates asked for and a random 128-bit serial number. */
export function newSelfSignedCertificate(request: CertificateRequest, privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const name = sequence(attribute(ORGANIZATION, ORGANIZATION_NAME), attribute(COMMON_NAME, request.groupId));
  const toBeSigned = sequence(
    explicit(0, integer(2)),
    bigInteger(newSerialNumber()),
    signatureAlgorithm(),
    name,
    sequence(time(new Date(fromInstant(request.notBefore))), time(new Date(fromInstant(request.notAfter)))),
    name,
    decode(spki),
    explicit(3, extensions(spki)),
  );
  const signature = sign('sha256', encode(toBeSigned), privateKey);
  return encode(sequence(toBeSigned, signatureAlgorithm(), bitString(signature))).toString('base64');
}

function extensions(spki: Uint8Array): DerNode {
  // digitalSignature (bit 0), keyEncipherment (2) and dataEncipherment (3); the four lowest bits are unused.
  const usage = bitString(Uint8Array.of(0b1011_0000), 4);
  // RFC 7093 section 2, method 4: the hash of the whole SubjectPublicKeyInfo.
  const identifier = octetString(hash('sha256', spki, 'buffer'));
  return sequence(
    sequence(oid(BASIC_CONSTRAINTS), boolean(true), octetString(encode(sequence()))),
    sequence(oid(KEY_USAGE), boolean(true), octetString(encode(usage))),
    sequence(oid(SUBJECT_KEY_IDENTIFIER), octetString(encode(identifier))),
  );
}

function attribute(type: string, value: string): DerNode {
  return set(sequence(oid(type), utf8String(value)));
}

function signatureAlgorithm(): DerNode {
  return sequence(oid(SHA256_WITH_RSA), nothing());
}

function newSerialNumber(): Buffer {
  const serial = randomBytes(16);
  // Positive, and of sixteen bytes whatever was drawn: 126 bits remain random.
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial;
}
