// Stand-in for shared/crypto/machine-token.ts, with its claims, bounds and order of refusals. A token draws one UUID.
import { KeyObject, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { decodeJson, isCanonicalCompact, uuidText } from '../../../shared/crypto/encodings.ts';
import { CryptoError } from '../../../shared/crypto/errors.ts';
import type * as real from '../../../shared/crypto/machine-token.ts';
import { fromInstant, toInstant } from '../../../shared/domain/instant.ts';
import { signCompact, verified } from './compact-jws.ts';
import { toPublicKey } from './machine-identity.ts';
import { fromPublicKeyObject } from './simulated-keys.ts';

const TYPE = 'keyturn-machine+jwt';
const ALGORITHM = 'ES256';

export const TOKEN_LIFETIME_MAX_SECONDS: typeof real.TOKEN_LIFETIME_MAX_SECONDS = 600;
export const TOKEN_CLOCK_TOLERANCE_SECONDS: typeof real.TOKEN_CLOCK_TOLERANCE_SECONDS = 60;

const claimedNames = z.object({ sub: uuidText, group: uuidText });

const claims = claimedNames.extend({
  iss: uuidText,
  aud: z.string(),
  iat: z.int(),
  nbf: z.int().optional(),
  exp: z.int(),
  jti: z.string().min(1).max(64),
});

export const signMachineToken: typeof real.signMachineToken = async (options, privateKey) => {
  const { machineId, groupId, audience, now, lifetimeSeconds = 300 } = options;
  const iat = fromInstant(now) / 1000;
  const payload: z.infer<typeof claims> = {
    iss: machineId,
    sub: machineId,
    aud: audience,
    group: groupId,
    iat,
    exp: iat + lifetimeSeconds,
    jti: randomUUID(),
  };
  return signCompact({ alg: ALGORITHM, typ: TYPE }, payload, privateKey);
};

export const readMachineToken: typeof real.readMachineToken = (token) => {
  const [, payload, ...rest] = token.split('.');
  const bytes = payload !== undefined && rest.length === 1 ? laxBase64url(payload) : null;
  const names = claimedNames.safeParse(bytes === null ? undefined : decodeJson(bytes));
  return names.success ? { machineId: names.data.sub, groupId: names.data.group } : null;
};

export const verifyMachineToken: typeof real.verifyMachineToken = async (token, expected) => {
  const { iss, sub, group, aud, iat, nbf = iat, exp } = verifiedClaims(token, expected.publicJwk);
  if (exp <= iat || exp - iat > TOKEN_LIFETIME_MAX_SECONDS) throw malformed('its lifetime is out of bounds');
  const { machineId, groupId, audience } = expected;
  if (iss !== machineId || sub !== machineId || group !== groupId) {
    throw new CryptoError('WrongContext', 'the token is for another machine or group');
  }
  if (aud !== audience) throw new CryptoError('TokenWrongAudience', 'the token is for another service');
  const now = fromInstant(expected.now) / 1000;
  if (Math.max(iat, nbf) > now + TOKEN_CLOCK_TOLERANCE_SECONDS) {
    throw new CryptoError('TokenNotYetValid', 'the token is from the future');
  }
  if (now >= exp + TOKEN_CLOCK_TOLERANCE_SECONDS)
    throw new CryptoError('TokenExpired', 'the token has expired');
  return { expiresOn: toInstant(exp * 1000) };
};

type VerifyingKey = Parameters<typeof real.verifyMachineToken>[1]['publicJwk'];

function verifiedClaims(token: string, key: VerifyingKey): z.infer<typeof claims> {
  if (!isCanonicalCompact(token)) throw malformed('it is no JWS');
  const publicKey = key instanceof KeyObject ? key : toPublicKey(key);
  const jws = verified(token, ALGORITHM, fromPublicKeyObject(publicKey));
  if (jws === 'unsigned') {
    throw new CryptoError('TokenSignatureInvalid', "the token is not signed by the machine's key");
  }
  const read = jws === 'malformed' || jws.header.typ !== TYPE ? null : claims.safeParse(jws.payload);
  if (!read?.success) throw malformed('its header or claims are not those of one');
  return read.data;
}

/** As jose reads a token that nobody has verified: padding and white space are let pass. Null for anything else. */
function laxBase64url(text: string): Buffer | null {
  if (/[+/]/.test(text)) return null;
  try {
    return Buffer.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), 'latin1');
  } catch {
    return null;
  }
}

function malformed(why: string): CryptoError {
  return new CryptoError('TokenMalformed', `not a machine token: ${why}`);
}
