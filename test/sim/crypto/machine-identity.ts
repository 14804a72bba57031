// Stand-in for shared/crypto/machine-identity.ts. The x of a public JWK is the key's public half, and its y follows from x: any
// other y is off the curve.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { base64url256, sha256Base64url } from '../../../shared/crypto/encodings.ts';
import { CryptoError } from '../../../shared/crypto/errors.ts';
import type * as real from '../../../shared/crypto/machine-identity.ts';
import {
  kindOf,
  newPrivateKey,
  privateKeyFromPem,
  privateKeyToPem,
  publicHalfOf,
  toPublicKeyObject,
} from './simulated-keys.ts';

const publicJwkForm = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: base64url256,
  y: base64url256,
});

export const newMachineIdentity: typeof real.newMachineIdentity = async () =>
  toIdentity(newPrivateKey('identity'));

export const machineIdentityToPem: typeof real.machineIdentityToPem = ({ privateKey }) =>
  privateKeyToPem(privateKey);

export const machineIdentityFromPem: typeof real.machineIdentityFromPem = (pem) => {
  const privateKey = privateKeyFromPem(pem);
  if (privateKey === null || kindOf(privateKey) !== 'identity') {
    throw new CryptoError('KeyMalformed', 'the machine identity is no private key of a machine in PEM');
  }
  return toIdentity(privateKey);
};

export const parsePublicJwk: typeof real.parsePublicJwk = (value) => {
  const jwk = publicJwkForm.safeParse(value);
  if (!jwk.success) throw notPublicJwk();
  toPublicKey(jwk.data);
  return jwk.data;
};

export const toPublicKey: typeof real.toPublicKey = ({ x, y }) => {
  if (y !== yOf(x)) throw notPublicJwk();
  return toPublicKeyObject(x);
};

export const identityThumbprint: typeof real.identityThumbprint = ({ kty, crv, x, y }) =>
  sha256Base64url(JSON.stringify({ crv, kty, x, y }));

function toIdentity(privateKey: real.MachineIdentity['privateKey']): real.MachineIdentity {
  const x = publicHalfOf(privateKey);
  return { publicJwk: { kty: 'EC', crv: 'P-256', x, y: yOf(x) }, privateKey };
}

function yOf(x: string): string {
  return hash('sha256', `y of ${x}`, 'base64url');
}

function notPublicJwk(): CryptoError {
  return new CryptoError('KeyMalformed', 'not a public JWK of kty, crv, x and y of the simulation');
}
