// A machine's own key, P-256: it signs the machine's tokens and never leaves the machine. The service knows the public
// half as a JWK (RFC 7517) of exactly four members.
import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { base64url256, sha256Base64url } from './encodings.ts';
import { CryptoError } from './errors.ts';

const generateKeyPairAsync = promisify(generateKeyPair);

const publicJwkForm = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: base64url256,
  y: base64url256,
});

export type PublicJwk = Readonly<z.infer<typeof publicJwkForm>>;

export interface MachineIdentity {
  readonly publicJwk: PublicJwk;
  readonly privateKey: KeyObject;
}

export async function newMachineIdentity(): Promise<MachineIdentity> {
  const { privateKey } = await generateKeyPairAsync('ec', { namedCurve: 'P-256' });
  return toIdentity(privateKey);
}

/** The private key as PKCS#8 PEM, not encrypted. Secret. */
export function machineIdentityToPem(identity: MachineIdentity): string {
  return identity.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Reads what {@link machineIdentityToPem} wrote.
 * @throws CryptoError KeyMalformed when the PEM holds no P-256 private key.
 */
export function machineIdentityFromPem(pem: string): MachineIdentity {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    // The cause is left out: it could quote the key.
    throw new CryptoError('KeyMalformed', 'the machine identity is not a private key in PEM');
  }
  if (privateKey.asymmetricKeyType !== 'ec') {
    throw new CryptoError('KeyMalformed', 'the machine identity is not an elliptic-curve key');
  }
  return toIdentity(privateKey);
}

/**
 * Reads a public key that came from outside.
 * @throws CryptoError KeyMalformed for anything but `kty`, `crv`, `x` and `y` of a point on P-256.
 */
export function parsePublicJwk(value: unknown): PublicJwk {
  const jwk = publicJwkForm.safeParse(value);
  if (!jwk.success) throw notPublicJwk();
  toPublicKey(jwk.data);
  return jwk.data;
}

/**
 * The key of a JWK, to be kept by callers that verify often.
 * @throws CryptoError KeyMalformed when the point is not on the curve.
 */
export function toPublicKey(jwk: PublicJwk): KeyObject {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch (cause) {
    throw notPublicJwk({ cause });
  }
}

/** The JWK's thumbprint: base64url SHA-256, RFC 7638. */
export function identityThumbprint({ kty, crv, x, y }: PublicJwk): string {
  // The RFC hashes these members in this order, without white space.
  return sha256Base64url(JSON.stringify({ crv, kty, x, y }));
}

function toIdentity(privateKey: KeyObject): MachineIdentity {
  return { publicJwk: parsePublicJwk(createPublicKey(privateKey).export({ format: 'jwk' })), privateKey };
}

function notPublicJwk(options?: ErrorOptions): CryptoError {
  return new CryptoError('KeyMalformed', 'not a public JWK of kty, crv, x and y on P-256', options);
}
