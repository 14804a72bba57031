// People as Entra ID knows them: access tokens (v2.0) of one tenant, made out to this service's own app registration. Promises:
// nobody is let in by a token for something else, and nothing is decided by a name. A token that was found good is remembered
// until it expires or the key that signed it is gone; Entra ID is asked for its keys and nothing else.
import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { CryptoKey } from 'jose';
import { z } from 'zod';
import { fromInstant, toInstant } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';
import { PEOPLE_ROLES } from '../ports/people-authenticator.ts';
import type { PeopleAuthenticator, PeopleRole, Person } from '../ports/people-authenticator.ts';
import { entraSigningKeys } from './entra-signing-keys.ts';
import type { EntraSigningKeysOptions } from './entra-signing-keys.ts';
import { SettingUnusable } from './setting.ts';

export interface EntraOptions extends Omit<EntraSigningKeysOptions, 'url'> {
  /** Where the cloud signs in; {@link ENTRA_PUBLIC_CLOUD} but for national ones. */
  readonly authority: string;
  /** The tenant's id, a GUID. */
  readonly tenant: string;
  /** The id of the service's app registration, a GUID: what v2.0 tokens name, whatever URI they were asked for by. */
  readonly audience: string;
  readonly clock: Clock;
  /** How many tokens are remembered. */
  readonly rememberedMax?: number;
}

export const ENTRA_PUBLIC_CLOUD = 'https://login.microsoftonline.com';

/** The scope that a program which calls for a person must have been given. */
export const ENTRA_SCOPE = 'access_as_user';

/** How far Entra ID's clock and this one may be apart, either way. */
export const ENTRA_CLOCK_SKEW_SECONDS = 300;

/** Longer ones are not looked at. Two hundred groups, the most that Entra ID names in one, take some 11,000. */
export const ENTRA_TOKEN_CHARACTERS_MAX = 16_384;

/** Some 4 MB. */
const REMEMBERED_MAX = 10_000;

const ALGORITHM = 'RS256';

interface Remembered {
  readonly person: Person;
  readonly key: CryptoKey;
  readonly expiresOn: Instant;
}

/** @throws SettingUnusable when authority, tenant or audience is not of its form. */
export function entraPeopleAuthenticator(options: EntraOptions): PeopleAuthenticator {
  const { clock, rememberedMax = REMEMBERED_MAX } = options;
  const tenant = parseGuid('KEYTURN_ENTRA_TENANT', options.tenant);
  const audience = parseGuid('KEYTURN_ENTRA_AUDIENCE', options.audience);
  const home = `${parseAuthority(options.authority)}/${tenant}`;
  const issuer = `${home}/v2.0`;
  const signingKeys = entraSigningKeys({ ...options, url: `${home}/discovery/v2.0/keys` });
  /** By the tokens' hashes; the one that was verified longest ago leaves first. */
  const remembered = new Map<string, Remembered>();

  function remember(hash: string, found: Remembered): void {
    remembered.delete(hash);
    remembered.set(hash, found);
    if (remembered.size > rememberedMax) remembered.delete(remembered.keys().next().value ?? '');
  }

  async function verify(token: string, key: CryptoKey): Promise<Remembered | null> {
    const claims = await verifiedClaims(token, key, {
      issuer,
      audience,
      algorithms: [ALGORITHM],
      clockTolerance: ENTRA_CLOCK_SKEW_SECONDS,
      currentDate: new Date(fromInstant(clock.now())),
    });
    if (claims === null || claims.tid !== tenant) return null;
    const name = nameOf(claims);
    if (name === null) return null;
    return {
      person: { name, role: highestRole(claims.roles) },
      key,
      expiresOn: toInstant(claims.exp * 1000),
    };
  }

  return {
    async authenticate(token) {
      const kid = signingKeyOf(token, issuer);
      const key = kid === null ? null : await signingKeys.find(kid);
      if (key === null) return null;

      const hash = createHash('sha256').update(token).digest('base64');
      const known = remembered.get(hash);
      if (known?.key === key && clock.now() < known.expiresOn) return known.person;

      const found = await verify(token, key);
      if (found === null) return null;
      remember(hash, found);
      return found.person;
    },
  };
}

/** By which key a token says that it is signed; null unless it says that this issuer did. Nothing of it is proved. */
function signingKeyOf(token: string, issuer: string): string | null {
  if (token.length > ENTRA_TOKEN_CHARACTERS_MAX) return null;
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return alg === ALGORITHM && kid !== undefined && decodeJwt(token).iss === issuer ? kid : null;
  } catch (cause) {
    // Of what is no token at all, one of the two says so with a TypeError.
    if (cause instanceof errors.JOSEError || cause instanceof TypeError) return null;
    throw cause;
  }
}

const guid = z.guid();

/** A name that is not one visible line, as Entra ID's are, counts as none. */
const visibleName = z
  .string()
  .max(256)
  .regex(/^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u)
  .optional()
  .catch(undefined);

const claimsSchema = z.object({
  ver: z.literal('2.0'),
  tid: guid,
  oid: guid,
  /** The program that the token was given to. */
  azp: guid,
  nbf: z.number(),
  exp: z.number(),
  /** `app` in the token of a program that calls for itself. */
  idtyp: z.string().optional(),
  scp: z.string().default(''),
  roles: z.array(z.string()).default([]),
  preferred_username: visibleName,
  upn: visibleName,
});

type Claims = z.infer<typeof claimsSchema>;

async function verifiedClaims(
  token: string,
  key: CryptoKey,
  options: Parameters<typeof jwtVerify>[2],
): Promise<Claims | null> {
  try {
    const { payload } = await jwtVerify(token, key, options);
    return claimsSchema.safeParse(payload).data ?? null;
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return null;
    throw cause;
  }
}

/** Null for a token that says who somebody is, as one to sign in with a browser does, and not that they may call. */
function nameOf({ idtyp, azp, scp, oid, preferred_username, upn }: Claims): string | null {
  if (idtyp === 'app') return `application ${azp}`;
  if (!scp.split(' ').includes(ENTRA_SCOPE)) return null;
  return preferred_username ?? upn ?? `user ${oid}`;
}

function highestRole(roles: readonly string[]): PeopleRole | null {
  return PEOPLE_ROLES.findLast((role) => roles.includes(role)) ?? null;
}

/** A tenant by name, or `common`, would let in whoever that means today. */
function parseGuid(setting: string, text: string): string {
  if (guid.safeParse(text).success) return text.toLowerCase();
  throw new SettingUnusable(setting, `must be a GUID, not ${text}`);
}

/** Keys that came in the clear prove nothing; plain http is for tests on this machine. */
function parseAuthority(text: string): string {
  const url = URL.parse(text);
  const isBare = url !== null && url.username === '' && url.search === '' && url.hash === '';
  const isLocal = url !== null && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal))) {
    return (url.origin + url.pathname).replace(/\/+$/, '');
  }
  throw new SettingUnusable('KEYTURN_ENTRA_AUTHORITY', `must be an https address, not ${text}`);
}
