// Uses and refusals of certificates, and of private keys as they lie in a machine's folder.
import { GROUP_ID, NOT_AFTER, NOT_BEFORE, OTHER_GROUP_ID } from '../../vectors/vector-keys.ts';
import { refusedWith, rewritten, VALIDITY } from './cases.ts';
import type { Case } from './cases.ts';
import type { Cryptography } from './cryptographies.ts';

const certificateOf = ({ keys }: Cryptography): string => keys.incoming.certificate.base64;

function changedLastByte(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return bytes;
}

export const CERTIFICATE_CASES: readonly Case[] = [
  { title: 'its own', code: null, run: (crypto) => crypto.parseCertificate(certificateOf(crypto)) },
  {
    title: 'one of another key’s making',
    code: null,
    run: ({ parseCertificate, newSelfSignedCertificate, keys }) =>
      parseCertificate(
        newSelfSignedCertificate({ groupId: GROUP_ID, ...VALIDITY }, keys.stranger.privateKey),
      ),
  },
  ...refusedWith<(base64: string) => string>(
    'CertificateMalformed',
    'a certificate',
    {
      'that is no text at all': () => '',
      'that is other bytes': () => Buffer.from('not a certificate').toString('base64'),
      'that is other bytes, of the same beginning': (base64) => `${base64.slice(0, 4)}AAAA`,
      'of another beginning': (base64) =>
        rewritten(base64, (bytes) => Buffer.concat([Buffer.of(0x31), bytes.subarray(1)])),
      'with a line break in its base64': (base64) => `${base64.slice(0, 64)}\n${base64.slice(64)}`,
      'in base64url': (base64) => `${base64.slice(0, 64)}-_${base64.slice(66)}`,
      'with a byte after it': (base64) =>
        rewritten(base64, (bytes) => Buffer.concat([bytes, bytes.subarray(0, 1)])),
      'without its last byte': (base64) => rewritten(base64, (bytes) => bytes.subarray(0, -1)),
      'twice in a row': (base64) => rewritten(base64, (bytes) => Buffer.concat([bytes, bytes])),
      'of over 8,192 characters': () => 'A'.repeat(8_196),
    },
    (crypto, change) => crypto.parseCertificate(change(certificateOf(crypto))),
  ),
  ...refusedWith<(bytes: Buffer) => Uint8Array>(
    'CertificateNotSelfSigned',
    'a certificate',
    {
      'with another signature': changedLastByte,
      'made over to another group': (bytes) =>
        Buffer.from(bytes.toString('latin1').replaceAll(GROUP_ID, OTHER_GROUP_ID), 'latin1'),
      'made over to no group, before its name is looked at': (bytes) =>
        Buffer.from(bytes.toString('latin1').replaceAll(GROUP_ID, GROUP_ID.toUpperCase()), 'latin1'),
    },
    (crypto, change) => crypto.parseCertificate(rewritten(certificateOf(crypto), change)),
  ),
  ...refusedWith(
    'CertificateMalformed',
    'a certificate',
    {
      'of no group': { groupId: 'nobody', ...VALIDITY },
      'of a group in capitals': { groupId: GROUP_ID.toUpperCase(), ...VALIDITY },
      'that ends as it begins': { groupId: GROUP_ID, notBefore: NOT_BEFORE, notAfter: NOT_BEFORE },
      'that ends before it begins': { groupId: GROUP_ID, notBefore: NOT_AFTER, notAfter: NOT_BEFORE },
    },
    ({ parseCertificate, newSelfSignedCertificate, keys }, request) =>
      parseCertificate(newSelfSignedCertificate(request, keys.incoming.privateKey)),
  ),
  {
    title: 'that of a new key for no time at all',
    code: 'CertificateMalformed',
    run: ({ newGroupKey }) =>
      newGroupKey({ groupId: GROUP_ID, version: 1, notBefore: NOT_BEFORE, notAfter: NOT_BEFORE }),
  },
];

/** What is left of a file that was cut off or written over. */
const DAMAGES: Readonly<Record<string, (pem: string) => string>> = {
  'that is empty': () => '',
  'that is other text': () => 'not PEM',
  'without its last line': (pem) => pem.slice(0, pem.lastIndexOf('-----END')),
  'without its body': (pem) => pem.replace(/\n.*\n/s, '\n'),
  'of zero bytes': (pem) => '\0'.repeat(pem.length),
};

export const GROUP_KEY_CASES: readonly Case[] = [
  {
    title: 'what was written',
    code: null,
    run: ({ keys, groupKeyToPem, groupKeyFromPem }) => groupKeyFromPem(groupKeyToPem(keys.incoming)),
  },
  ...refusedWith(
    'KeyMalformed',
    'a group key',
    DAMAGES,
    ({ keys, groupKeyToPem, groupKeyFromPem }, damage) => {
      const pem = groupKeyToPem(keys.incoming);
      return groupKeyFromPem({ ...pem, privateKeyPem: damage(pem.privateKeyPem) });
    },
  ),
  {
    title: 'another group key’s private key',
    code: 'WrongKey',
    run: ({ keys, groupKeyToPem, groupKeyFromPem }) => {
      const { privateKeyPem } = groupKeyToPem(keys.stranger);
      return groupKeyFromPem({ ...groupKeyToPem(keys.incoming), privateKeyPem });
    },
  },
  {
    title: 'a machine’s private key',
    code: 'WrongKey',
    run: ({ keys, groupKeyToPem, groupKeyFromPem, machineIdentityToPem }) => {
      const privateKeyPem = machineIdentityToPem(keys.machineIdentity);
      return groupKeyFromPem({ ...groupKeyToPem(keys.incoming), privateKeyPem });
    },
  },
  {
    title: 'a damaged certificate, before the private key is looked at',
    code: 'CertificateNotSelfSigned',
    run: ({ keys, groupKeyFromPem }) => {
      const certificate = rewritten(keys.incoming.certificate.base64, changedLastByte);
      return groupKeyFromPem({ version: 2, certificate, privateKeyPem: '' });
    },
  },
];

export const IDENTITY_CASES: readonly Case[] = [
  {
    title: 'what was written',
    code: null,
    run: ({ keys, machineIdentityToPem, machineIdentityFromPem }) =>
      machineIdentityFromPem(machineIdentityToPem(keys.machineIdentity)),
  },
  ...refusedWith(
    'KeyMalformed',
    'an identity',
    DAMAGES,
    ({ keys, machineIdentityToPem, machineIdentityFromPem }, damage) =>
      machineIdentityFromPem(damage(machineIdentityToPem(keys.machineIdentity))),
  ),
  {
    title: 'a group key',
    code: 'KeyMalformed',
    run: ({ keys, groupKeyToPem, machineIdentityFromPem }) =>
      machineIdentityFromPem(groupKeyToPem(keys.incoming).privateKeyPem),
  },
  {
    title: 'its public JWK',
    code: null,
    run: ({ keys, parsePublicJwk }) => parsePublicJwk({ ...keys.machineIdentity.publicJwk }),
  },
  ...refusedWith<(jwk: { x: string; y: string }) => unknown>(
    'KeyMalformed',
    'a JWK',
    {
      'that is none': () => null,
      'that is text': (jwk) => JSON.stringify(jwk),
      'with a member more': (jwk) => ({ ...jwk, use: 'sig' }),
      'without its y': ({ x }) => ({ kty: 'EC', crv: 'P-256', x }),
      'of another type': (jwk) => ({ ...jwk, kty: 'OKP' }),
      'on another curve': (jwk) => ({ ...jwk, crv: 'P-384' }),
      'with a longer x': (jwk) => ({ ...jwk, x: `${jwk.x}A` }),
      'off the curve': (jwk) => ({ ...jwk, y: jwk.x }),
    },
    ({ keys, parsePublicJwk }, change) => parsePublicJwk(change({ ...keys.machineIdentity.publicJwk })),
  ),
  {
    title: 'a point off the curve as a key to verify with',
    code: 'KeyMalformed',
    run: ({ keys, toPublicKey }) => {
      const { publicJwk } = keys.machineIdentity;
      return toPublicKey({ ...publicJwk, y: publicJwk.x });
    },
  },
];
