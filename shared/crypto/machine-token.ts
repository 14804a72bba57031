// Machine tokens: the JWT (RFC 7519, ES256) that every call of a machine carries. Promises: claims are looked at only
// once the signature has been found right, and a clock that is wrong is told apart from a token that is wrong.
import { randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CompactSign, compactVerify, decodeJwt, errors } from 'jose';
import { z } from 'zod';
import type { Instant } from '../domain/instant.ts';
import { fromInstant, toInstant } from '../domain/instant.ts';
import { decodeJson, isCanonicalCompact, uuidText } from './encodings.ts';
import { CryptoError } from './errors.ts';
import type { PublicJwk } from './machine-identity.ts';

const TYPE = 'keyturn-machine+jwt';
const ALGORITHM = 'ES256';

/** Longest time from `iat` to `exp` that is accepted. */
export const TOKEN_LIFETIME_MAX_SECONDS = 600;

/** How far the machine's clock may be from the service's, either way. */
export const TOKEN_CLOCK_TOLERANCE_SECONDS = 60;

const claimedNames = z.object({ sub: uuidText, group: uuidText });

const claims = claimedNames.extend({
  iss: uuidText,
  aud: z.string(),
  iat: z.int(),
  nbf: z.int().optional(),
  exp: z.int(),
  jti: z.string().min(1).max(64),
});

type Claims = z.infer<typeof claims>;

/** A new token, valid from `now` on. */
export async function signMachineToken(
  options: {
    readonly machineId: string;
    readonly groupId: string;
    /** Whom the token is made out to. */
    readonly audience: string;
    readonly now: Instant;
    /** At most {@link TOKEN_LIFETIME_MAX_SECONDS}. */
    readonly lifetimeSeconds?: number;
  },
  privateKey: KeyObject,
): Promise<string> {
  const issuedAt = fromInstant(options.now) / 1000;
  const payload: Claims = {
    iss: options.machineId,
    sub: options.machineId,
    aud: options.audience,
    group: options.groupId,
    iat: issuedAt,
    exp: issuedAt + (options.lifetimeSeconds ?? 300),
    jti: randomUUID(),
  };
  return new CompactSign(Buffer.from(JSON.stringify(payload), 'utf8'))
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .sign(privateKey);
}

/** Whom a token claims to be from, to look up the key that verifies it: nothing of it is proved. Null if it is no token. */
export function readMachineToken(token: string): { machineId: string; groupId: string } | null {
  try {
    const names = claimedNames.safeParse(decodeJwt(token));
    return names.success ? { machineId: names.data.sub, groupId: names.data.group } : null;
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return null;
    throw cause;
  }
}

/**
 * Resolves when the token is this machine's, for this service and group, now. `expiresOn` is its `exp`: the machine's present
 * membership aside, the answer stays the same until then. Callers that verify often hand in the same key object each time.
 * @throws CryptoError TokenMalformed, TokenSignatureInvalid; then WrongContext when it is another machine's or group's;
 *   TokenWrongAudience; TokenNotYetValid when issued over 60 s ahead of `now`; TokenExpired from 60 s after `exp` on.
 */
export async function verifyMachineToken(
  token: string,
  expected: {
    readonly machineId: string;
    readonly groupId: string;
    readonly audience: string;
    readonly publicJwk: PublicJwk | KeyObject;
    readonly now: Instant;
  },
): Promise<{ expiresOn: Instant }> {
  const verified = await verifiedClaims(token, expected.publicJwk);
  if (verified.exp <= verified.iat || verified.exp - verified.iat > TOKEN_LIFETIME_MAX_SECONDS) {
    throw malformed(`its lifetime must be 1 to ${TOKEN_LIFETIME_MAX_SECONDS} s`);
  }
  const { machineId, groupId, audience } = expected;
  if (verified.iss !== machineId || verified.sub !== machineId || verified.group !== groupId) {
    throw new CryptoError('WrongContext', 'the token is for another machine or group');
  }
  if (verified.aud !== audience)
    throw new CryptoError('TokenWrongAudience', 'the token is for another service');
  const now = fromInstant(expected.now) / 1000;
  if (Math.max(verified.iat, verified.nbf ?? verified.iat) > now + TOKEN_CLOCK_TOLERANCE_SECONDS) {
    throw new CryptoError('TokenNotYetValid', "the token is from the future: set the machine's clock");
  }
  if (now >= verified.exp + TOKEN_CLOCK_TOLERANCE_SECONDS) {
    throw new CryptoError(
      'TokenExpired',
      "the token has expired: make a new one, or set the machine's clock",
    );
  }
  return { expiresOn: toInstant(verified.exp * 1000) };
}

async function verifiedClaims(token: string, key: PublicJwk | KeyObject): Promise<Claims> {
  if (!isCanonicalCompact(token)) throw malformed('it is no JWS');
  const { protectedHeader, payload } = await compactVerify(token, key, { algorithms: [ALGORITHM] }).catch(
    (cause: unknown) => {
      if (cause instanceof errors.JWSSignatureVerificationFailed) {
        throw new CryptoError('TokenSignatureInvalid', "the token is not signed by the machine's key");
      }
      throw cause instanceof errors.JOSEError ? malformed('it is no JWS by ES256') : cause;
    },
  );
  const read = claims.safeParse(decodeJson(payload));
  if (protectedHeader.typ !== TYPE || !read.success)
    throw malformed('its type or claims are not those of one');
  return read.data;
}

function malformed(why: string): CryptoError {
  return new CryptoError('TokenMalformed', `not a machine token: ${why}`);
}
