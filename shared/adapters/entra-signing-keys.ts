// The keys that Entra ID signs a tenant's tokens with. They are fetched when a token needs them and again after an hour, so that
// a key that was withdrawn is honoured no longer than that; a token by a key that is not known has them fetched at once, so that
// a new key needs no restart. Promises: one fetch at a time, and one in half a minute, whatever is asked and however it ends.
// While Entra ID gives none, the last ones are honoured for a day.
import { importJWK } from 'jose';
import type { CryptoKey } from 'jose';
import { z } from 'zod';
import { secondsBetween } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';
import { SignInUnavailable } from '../ports/people-authenticator.ts';

export interface EntraSigningKeysOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
  /** The longest that fetching may take. */
  readonly fetchMillisecondsMax?: number;
}

export interface EntraSigningKeys {
  /** The key of that id; null when Entra ID signs with none such. @throws SignInUnavailable when that cannot be told for now. */
  find(kid: string): Promise<CryptoKey | null>;
}

type Keys = ReadonlyMap<string, CryptoKey>;

const FRESH_SECONDS = 3600;
const HONOURED_SECONDS = 86_400;
const COOLDOWN_SECONDS = 30;
const FETCH_MILLISECONDS_MAX = 5000;

export function entraSigningKeys(options: EntraSigningKeysOptions): EntraSigningKeys {
  const { clock } = options;
  let kept: { readonly keys: Keys; readonly fetchedOn: Instant } | null = null;
  let attempt: { readonly endedOn: Instant; readonly failure: unknown } | null = null;
  let underWay: Promise<Keys> | null = null;

  /** Within that time before now; a clock that was set back makes everything old. */
  function isWithin(seconds: number, since: Instant): boolean {
    const age = secondsBetween(since, clock.now());
    return age >= 0 && age < seconds;
  }

  async function fetchKeys(): Promise<Keys> {
    let failure: unknown = null;
    try {
      const keys = await keysAt(options);
      kept = { keys, fetchedOn: clock.now() };
      return keys;
    } catch (error) {
      failure = error;
      throw unavailable(error, COOLDOWN_SECONDS);
    } finally {
      attempt = { endedOn: clock.now(), failure };
      underWay = null;
    }
  }

  /** The keys as of the last half minute. */
  async function latest(): Promise<Keys> {
    if (underWay === null && attempt !== null && isWithin(COOLDOWN_SECONDS, attempt.endedOn)) {
      if (attempt.failure === null && kept !== null) return kept.keys;
      const wait = COOLDOWN_SECONDS - secondsBetween(attempt.endedOn, clock.now());
      throw unavailable(attempt.failure, wait);
    }
    underWay ??= fetchKeys();
    return underWay;
  }

  async function honoured(): Promise<Keys> {
    if (kept !== null && isWithin(FRESH_SECONDS, kept.fetchedOn)) return kept.keys;
    try {
      return await latest();
    } catch (error) {
      if (kept !== null && isWithin(HONOURED_SECONDS, kept.fetchedOn)) return kept.keys;
      throw error;
    }
  }

  return {
    async find(kid) {
      return (await honoured()).get(kid) ?? (await latest()).get(kid) ?? null;
    },
  };
}

function unavailable(cause: unknown, afterSeconds: number): SignInUnavailable {
  return new SignInUnavailable(`the keys of Entra ID cannot be had: ${reason(cause)}`, afterSeconds, {
    cause,
  });
}

/** What `fetch` rejects with says why in its own cause. */
function reason(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? `${inner.name} ${inner.message}` : String(inner);
}

const keySetSchema = z.object({ keys: z.array(z.unknown()) });

/** A public RSA key of 2048 bits or more, for signatures. */
const signingKeySchema = z.object({
  kty: z.literal('RSA'),
  use: z.literal('sig').optional(),
  kid: z.string().min(1).max(256),
  n: z.string().min(342),
  e: z.string(),
});

async function keysAt({ url, fetch, fetchMillisecondsMax }: EntraSigningKeysOptions): Promise<Keys> {
  const response = await (fetch ?? globalThis.fetch)(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(fetchMillisecondsMax ?? FETCH_MILLISECONDS_MAX),
  });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  const { keys } = keySetSchema.parse(await response.json());
  const found = new Map<string, CryptoKey>();
  for (const each of keys) {
    const jwk = signingKeySchema.safeParse(each).data;
    if (jwk === undefined) continue;
    const { kty, n, e, kid } = jwk;
    const key = await importJWK({ kty, n, e }, 'RS256');
    if (!(key instanceof Uint8Array)) found.set(kid, key);
  }
  if (found.size === 0) throw new Error(`${url} answered without a key to verify with`);
  return found;
}
