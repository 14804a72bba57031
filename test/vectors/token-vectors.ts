// Vectors of machine tokens, of the keys that verify them, and of enrollment tokens.
import { CompactSign } from 'jose';
import { sha256Base64url } from '../../shared/crypto/encodings.ts';
import { newEnrollmentToken, parseEnrollmentToken } from '../../shared/crypto/enrollment-token.ts';
import type { CryptoErrorCode } from '../../shared/crypto/errors.ts';
import type { PublicJwk } from '../../shared/crypto/machine-identity.ts';
import { identityThumbprint } from '../../shared/crypto/machine-identity.ts';
import { signMachineToken } from '../../shared/crypto/machine-token.ts';
import { fromInstant } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';
import type { VectorKeys } from './vector-keys.ts';
import { GROUP_ID, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from './vector-keys.ts';

const AUDIENCE = 'https://keyturn.example/api';
const ISSUED_ON = '2026-11-22T12:00:00Z' as Instant;

export interface MachineTokenInput {
  readonly token: string;
  readonly publicJwk: PublicJwk;
  readonly machineId: string;
  readonly groupId: string;
  readonly audience: string;
  readonly now: string;
}

export interface MachineTokenExpected {
  readonly expiresOn: string;
}

export interface PublicJwkInput {
  readonly jwk: unknown;
}

export interface PublicJwkExpected {
  readonly thumbprint: string;
}

export interface EnrollmentTokenInput {
  readonly text: string;
  readonly secretHash: string;
}

/** null: it is no token. */
export type EnrollmentTokenExpected = {
  readonly groupId: string;
  readonly tokenId: string;
  readonly secretMatches: boolean;
} | null;

export async function machineTokenVectors(
  keys: VectorKeys,
): Promise<VectorFile<MachineTokenInput, MachineTokenExpected>> {
  const { privateKey, publicJwk } = keys.machineIdentity;
  const subject = { machineId: MACHINE_ID, groupId: GROUP_ID, audience: AUDIENCE };
  const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
  const input = { token, publicJwk, ...subject, now: ISSUED_ON };
  const expected = { expiresOn: '2026-11-22T12:05:00Z' };
  const signed = (change: Parameters<typeof signClaims>[1], header = {}) => signClaims(keys, change, header);
  const refused = (name: string, change: Partial<MachineTokenInput>, code: CryptoErrorCode) => ({
    name,
    input: { ...input, ...change },
    code,
  });
  const otherKey = keys.otherMachineIdentity.publicJwk;
  return {
    comment: 'Issued 2026-11-22T12:00:00Z for 300 s, unless the name of the case says otherwise.',
    cases: [
      { name: 'when issued', input, expected },
      { name: '60 s before it is issued', input: { ...input, now: '2026-11-22T11:59:00Z' }, expected },
      refused('61 s before it is issued', { now: '2026-11-22T11:58:59Z' }, 'TokenNotYetValid'),
      { name: '59 s after it expired', input: { ...input, now: '2026-11-22T12:05:59Z' }, expected },
      refused('60 s after it expired', { now: '2026-11-22T12:06:00Z' }, 'TokenExpired'),
      {
        name: 'a lifetime of 600 s',
        input: { ...input, token: await signed({ exp: 600 }) },
        expected: { expiresOn: '2026-11-22T12:10:00Z' },
      },
      refused('a lifetime of 601 s', { token: await signed({ exp: 601 }) }, 'TokenMalformed'),
      refused('a lifetime of nothing', { token: await signed({ exp: 0 }) }, 'TokenMalformed'),
      refused('nbf 61 s ahead', { token: await signed({ nbf: 61 }) }, 'TokenNotYetValid'),
      refused(
        'expired, and by another key',
        { publicJwk: otherKey, now: '2027-01-01T00:00:00Z' },
        'TokenSignatureInvalid',
      ),
      refused('for another machine', { machineId: OTHER_MACHINE_ID }, 'WrongContext'),
      refused(
        'issued by another than its subject',
        { token: await signed({ iss: OTHER_MACHINE_ID }) },
        'WrongContext',
      ),
      refused('for another group', { groupId: OTHER_GROUP_ID }, 'WrongContext'),
      refused('for another service', { audience: 'https://elsewhere.example/api' }, 'TokenWrongAudience'),
      refused('of another type', { token: await signed({}, { typ: 'JWT' }) }, 'TokenMalformed'),
      refused('no group in it', { token: await signed({ group: undefined }) }, 'TokenMalformed'),
      refused('no JWT at all', { token: 'not a token' }, 'TokenMalformed'),
    ],
  };
}

/** A token with claims changed; times are seconds from its issue. */
async function signClaims(
  { machineIdentity }: VectorKeys,
  change: { exp?: number; nbf?: number; iss?: string; group?: undefined },
  header: { typ?: string },
): Promise<string> {
  const issuedAt = fromInstant(ISSUED_ON) / 1000;
  const claims = {
    iss: MACHINE_ID,
    sub: MACHINE_ID,
    aud: AUDIENCE,
    group: GROUP_ID,
    iat: issuedAt,
    jti: 'b0c1d2e3',
    ...change,
    ...(change.nbf === undefined ? {} : { nbf: issuedAt + change.nbf }),
    exp: issuedAt + (change.exp ?? 300),
  };
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'ES256', typ: 'keyturn-machine+jwt', ...header })
    .sign(machineIdentity.privateKey);
}

export function publicJwkVectors({
  machineIdentity,
}: VectorKeys): VectorFile<PublicJwkInput, PublicJwkExpected> {
  const jwk = machineIdentity.publicJwk;
  return {
    comment: "A machine's public key; its thumbprint is RFC 7638's.",
    cases: [
      { name: "the machine's key", input: { jwk }, expected: { thumbprint: identityThumbprint(jwk) } },
      notJwk('a private key', { ...jwk, d: machineIdentity.privateKey.export({ format: 'jwk' }).d }),
      notJwk('a member more', { ...jwk, use: 'sig' }),
      notJwk('another curve', { ...jwk, crv: 'secp256k1' }),
      notJwk('a point that is not on the curve', { ...jwk, y: sha256Base64url('y') }),
      notJwk('a coordinate of 31 bytes', { ...jwk, x: Buffer.alloc(31, 1).toString('base64url') }),
      notJwk('text', 'EC'),
    ],
  };
}

function notJwk(name: string, jwk: unknown): VectorCase<PublicJwkInput, PublicJwkExpected> {
  return { name, input: { jwk }, code: 'KeyMalformed' };
}

export function enrollmentTokenVectors(): VectorFile<EnrollmentTokenInput, EnrollmentTokenExpected> {
  const { token: text, secretHash } = newEnrollmentToken(GROUP_ID);
  const tokenId = parseEnrollmentToken(text)?.tokenId ?? '';
  const secret = text.slice(text.lastIndexOf('.') + 1);
  const notToken = (name: string, other: string) => ({
    name,
    input: { text: other, secretHash },
    expected: null,
  });
  return {
    comment:
      '`secretHash` is base64url SHA-256 of the 32 bytes of the secret; null means that it is no token.',
    cases: [
      {
        name: 'the token',
        input: { text, secretHash },
        expected: { groupId: GROUP_ID, tokenId, secretMatches: true },
      },
      {
        name: 'the token, and the hash of another',
        input: { text, secretHash: sha256Base64url('another') },
        expected: { groupId: GROUP_ID, tokenId, secretMatches: false },
      },
      notToken('another prefix', text.replace('kt1', 'kt2')),
      notToken('a part more', `${text}.`),
      notToken('space around it', ` ${text}`),
      notToken('a group id in capitals', text.replace(GROUP_ID, GROUP_ID.toUpperCase())),
      notToken('a secret cut short', text.slice(0, -1)),
      notToken('unused bits of the secret set', text.replace(secret, `${secret.slice(0, -1)}B`)),
    ],
  };
}
