// A tenant of Entra ID on this machine: keys at the address where a tenant publishes them, and tokens of the form that it
// makes. What it answers, and by which keys it signs, is the test's to change.
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { entraPeopleAuthenticator } from '../../shared/adapters/entra-people-authenticator.ts';
import type { EntraOptions } from '../../shared/adapters/entra-people-authenticator.ts';
import { fromInstant } from '../../shared/domain/instant.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { PeopleAuthenticator } from '../../shared/ports/people-authenticator.ts';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface EntraIssuer {
  readonly authority: string;
  readonly tenant: string;
  readonly audience: string;
  /** What is published; tokens are signed by the first, unless said otherwise. */
  keys: SigningKey[];
  /** How often the keys were asked for. */
  fetches: number;
  /** Answers instead of the keys, while it is set. */
  answers: RequestListener | null;
  authenticator(options?: Partial<EntraOptions>): PeopleAuthenticator;
  /** A person's token by a program that may call for her; undefined leaves a claim out. */
  token(claims?: object, signing?: { header?: object; key?: SigningKey }): Promise<string>;
  /** A program's own token. */
  applicationToken(claims?: object): Promise<string>;
  stop(): Promise<void>;
}

export const PERSON = 'anna@example.com';
export const PROGRAM = '7d1f3e7c-7c1a-4d6e-9d6f-0a1b2c3d4e5f';

/** Seconds from `nbf` to `exp`. */
export const TOKEN_SECONDS = 4500;

/** Named by its hash, as Entra ID's are. */
export function newSigningKey(): SigningKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = pair.publicKey.export({ type: 'spki', format: 'der' });
  return { ...pair, kid: createHash('sha1').update(der).digest('base64url') };
}

/** A key as it is published. */
export function publishedKey({ kid, publicKey }: SigningKey): object {
  const { kty, n, e } = publicKey.export({ format: 'jwk' });
  return { kty, use: 'sig', kid, x5t: kid, n, e };
}

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export async function startEntraIssuer(clock: Clock): Promise<EntraIssuer> {
  const tenant = randomUUID();
  const audience = randomUUID();
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?');
    if (path !== `/${tenant}/discovery/v2.0/keys`) return void response.writeHead(404).end();
    issuer.fetches++;
    if (issuer.answers !== null) return issuer.answers(request, response);
    answerJson(response, { keys: issuer.keys.map(publishedKey) });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function sign(claims: object, { header = {}, key = issuer.keys[0] } = {}): Promise<string> {
    if (key === undefined) throw new Error('no key to sign with');
    const now = fromInstant(clock.now()) / 1000;
    const always = {
      iss: `${authority}/${tenant}/v2.0`,
      aud: audience,
      tid: tenant,
      ver: '2.0',
      azp: PROGRAM,
      oid: '9c0b8a76-5432-4fed-8cba-987654321000',
      iat: now,
      nbf: now,
      exp: now + TOKEN_SECONDS,
    };
    return new SignJWT({ ...always, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })
      .sign(key.privateKey);
  }

  const issuer: EntraIssuer = {
    authority,
    tenant,
    audience,
    keys: [newSigningKey()],
    fetches: 0,
    answers: null,
    authenticator: (options) => entraPeopleAuthenticator({ authority, tenant, audience, clock, ...options }),
    token: (claims, signing) =>
      sign({ scp: 'access_as_user', preferred_username: PERSON, ...claims }, signing),
    applicationToken: (claims) => sign({ idtyp: 'app', ...claims }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
