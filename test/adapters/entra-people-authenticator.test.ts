// Which tokens name somebody: the good ones, and each that is wrong in one thing only.
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  ENTRA_PUBLIC_CLOUD,
  ENTRA_TOKEN_CHARACTERS_MAX,
  entraPeopleAuthenticator,
} from '../../shared/adapters/entra-people-authenticator.ts';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import { newMachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { signMachineToken } from '../../shared/crypto/machine-token.ts';
import { addSeconds, fromInstant } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { PEOPLE_ROLES } from '../../shared/ports/people-authenticator.ts';
import type { PeopleAuthenticator } from '../../shared/ports/people-authenticator.ts';
import { newSigningKey, PERSON, PROGRAM, startEntraIssuer, TOKEN_SECONDS } from './entra-issuer.ts';
import type { EntraIssuer } from './entra-issuer.ts';

const START = '2026-11-22T00:00:00Z' as Instant;
const clock = manualClock(START);
let entra: EntraIssuer;
let people: PeopleAuthenticator;
beforeAll(async () => {
  entra = await startEntraIssuer(clock);
});
beforeEach(() => {
  clock.set(START);
  people = entra.authenticator();
});
afterAll(() => entra.stop());

describe('a token of Entra ID names', () => {
  test.for([
    [[], null],
    [['Reader'], 'Reader'],
    [['Operator'], 'Operator'],
    [['Admin'], 'Admin'],
    [['Operator', 'Reader'], 'Operator'],
    [['Admin', 'Reader', 'Operator'], 'Admin'],
    [['reader', 'ADMIN', 'Owner', ''], null],
    [['Owner', 'Reader'], 'Reader'],
  ] as const)('a person with the roles %j as %s', async ([roles, role]) => {
    expect(await people.authenticate(await entra.token({ roles }))).toEqual({ name: PERSON, role });
  });

  test('a person whose token says nothing of roles, without a role', async () => {
    expect(await people.authenticate(await entra.token())).toEqual({ name: PERSON, role: null });
  });

  test('whoever calls for herself by a program, with the highest of any roles', async () => {
    const role = fc.oneof(fc.constantFrom(...PEOPLE_ROLES), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(role), async (roles) => {
        const person = await people.authenticate(await entra.token({ roles }));
        const known = PEOPLE_ROLES.filter((each) => roles.includes(each));
        expect(person?.role).toBe(known.at(-1) ?? null);
      }),
      { numRuns: 50 },
    );
  });

  test.for<[string, object, string]>([
    ['the name to sign in with', { name: 'Anna', upn: 'other@example.com' }, PERSON],
    ['or the user principal name', { preferred_username: undefined, upn: 'a@b.c' }, 'a@b.c'],
    ['or the object', { preferred_username: undefined, oid: PROGRAM }, `user ${PROGRAM}`],
    ['no name that hides something', { preferred_username: 'a\u202Eb', upn: 'a@b.c' }, 'a@b.c'],
    ['no name of several lines', { preferred_username: 'a\nb', oid: PROGRAM }, `user ${PROGRAM}`],
    ['no name like an application’s', { preferred_username: 'application x', upn: 'a@b.c' }, 'a@b.c'],
  ])('people by %s', async ([, claims, name]) => {
    expect(await people.authenticate(await entra.token({ roles: ['Reader'], ...claims }))).toEqual({
      name,
      role: 'Reader',
    });
  });

  test('a program that calls for itself, whatever name it gave itself', async () => {
    const token = await entra.applicationToken({ roles: ['Operator'], preferred_username: PERSON });
    expect(await people.authenticate(token)).toEqual({ name: `application ${PROGRAM}`, role: 'Operator' });
  });

  test('a person by one of several scopes', async () => {
    const token = await entra.token({ scp: 'other access_as_user' });
    expect(await people.authenticate(token)).not.toBeNull();
  });
});

const elsewhere = randomUUID();

describe('nobody is named by', () => {
  test.for<[string, () => Promise<string> | string]>([
    ['another issuer', () => entra.token({ iss: `${entra.authority}/${elsewhere}/v2.0` })],
    ['the issuer of v1.0 tokens', () => entra.token({ iss: `https://sts.windows.net/${entra.tenant}/` })],
    ['no issuer', () => entra.token({ iss: undefined })],
    ['a v1.0 token', () => entra.token({ ver: '1.0' })],
    ['another audience', () => entra.token({ aud: elsewhere })],
    ['the audience’s address', () => entra.token({ aud: `api://${entra.audience}` })],
    ['no audience', () => entra.token({ aud: undefined })],
    ['another tenant', () => entra.token({ tid: elsewhere })],
    ['no tenant', () => entra.token({ tid: undefined })],
    ['no program', () => entra.token({ azp: undefined })],
    ['no object', () => entra.token({ oid: undefined })],
    ['no end', () => entra.token({ exp: undefined })],
    ['no beginning', () => entra.token({ nbf: undefined })],
    ['an end in words', () => entra.token({ exp: '2099-01-01T00:00:00Z' })],
    ['no scope, as a token for a web page', () => entra.token({ scp: undefined, roles: ['Admin'] })],
    ['another scope', () => entra.token({ scp: 'access_as_user2 read' })],
    ['roles that are no list', () => entra.token({ roles: 'Admin' })],
    ['no key named', () => entra.token({}, { header: { kid: undefined } })],
    ['a key that is not published', () => entra.token({}, { key: newSigningKey() })],
    ['another key under a published name', () => signedBySomebodyElse()],
    ['another algorithm of the same key', () => entra.token({}, { header: { alg: 'PS256' } })],
    ['a longer hash', () => entra.token({}, { header: { alg: 'RS512' } })],
    ['an elliptic curve', () => signedByCurve()],
    ['the public key as a shared secret', () => signedByPublicKey()],
    ['no signature at all', async () => new UnsecuredJWT(payloadOf(await entra.token())).encode()],
    ['a signature cut off', async () => (await entra.token()).replace(/[^.]+$/, '')],
    ['a part cut off', async () => (await entra.token()).replace(/\.[^.]+$/, '')],
    ['a machine’s token', () => machineToken()],
    ['words', () => 'let me in'],
    ['dots', () => '..'],
    ['nothing', () => ''],
  ])('%s', async ([, token]) => {
    expect(await people.authenticate(await token())).toBeNull();
  });

  test('a token of over 16,384 characters; one of so many is looked at', async () => {
    const base = await entra.token({ pad: '' });
    const padding = Math.floor(((ENTRA_TOKEN_CHARACTERS_MAX - base.length) * 3) / 4);
    const longest = await entra.token({ pad: 'x'.repeat(padding) });
    expect(longest.length).toBeGreaterThan(ENTRA_TOKEN_CHARACTERS_MAX - 4);
    expect(await people.authenticate(longest)).not.toBeNull();
    const longer = await entra.token({ pad: 'x'.repeat(padding + 4) });
    expect(longer.length).toBeGreaterThan(ENTRA_TOKEN_CHARACTERS_MAX);
    expect(await people.authenticate(longer)).toBeNull();
  });

  test('a good token with any character changed', async () => {
    const good = await entra.token({ roles: ['Admin'] });
    expect(await people.authenticate(good)).not.toBeNull();
    // The last character of a signature holds bits that are not used.
    const position = fc.nat({ max: good.length - 2 });
    await fc.assert(
      fc.asyncProperty(position, fc.constantFrom('A', 'B', '-', '.', '=', ' '), async (at, character) => {
        fc.pre(good[at] !== character);
        const changed = good.slice(0, at) + character + good.slice(at + 1);
        expect(await people.authenticate(changed)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('the clocks may differ by five minutes', () => {
  test.for<[number, boolean]>([
    [-301, false],
    [-300, true],
    [-1, true],
    [0, true],
    [TOKEN_SECONDS, true],
    [TOKEN_SECONDS + 299, true],
    [TOKEN_SECONDS + 300, false],
    [TOKEN_SECONDS + 86_400, false],
  ])('%i s after its beginning a token is taken: %s', async ([seconds, isTaken]) => {
    const token = await entra.token();
    clock.set(addSeconds(START, seconds));
    expect((await people.authenticate(token)) !== null).toBe(isTaken);
  });
});

describe('a token that was found good', () => {
  test('is refused from five minutes after its end on, though its key is good still', async () => {
    const end = addSeconds(START, 600);
    const token = await entra.token({ exp: fromInstant(end) / 1000 });
    for (const seconds of [-600, -1, 0, 299]) {
      clock.set(addSeconds(end, seconds));
      expect(await people.authenticate(token)).not.toBeNull();
    }
    clock.set(addSeconds(end, 300));
    expect(await people.authenticate(token)).toBeNull();
  });

  test('is remembered, until others have pushed it out', async () => {
    people = entra.authenticator({ rememberedMax: 2 });
    const names = ['a', 'b', 'c'];
    const [a = '', b = '', c = ''] = await Promise.all(
      names.map((name) => entra.token({ preferred_username: name })),
    );
    const first = await people.authenticate(a);
    await people.authenticate(b);
    expect(await people.authenticate(a)).toBe(first);
    await people.authenticate(c);
    const again = await people.authenticate(a);
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
    for (const [index, token] of [a, b, c, c, b, a].entries()) {
      const name = names[index < 3 ? index : 5 - index];
      expect((await people.authenticate(token))?.name).toBe(name);
    }
  });

  test('says nothing of another one', async () => {
    await people.authenticate(await entra.token({ roles: ['Admin'] }));
    expect((await people.authenticate(await entra.token({ roles: ['Reader'] })))?.role).toBe('Reader');
  });
});

describe('an authenticator is not made', () => {
  const good = { authority: ENTRA_PUBLIC_CLOUD, tenant: randomUUID(), audience: randomUUID(), clock };

  test.for([
    { tenant: 'common' },
    { tenant: 'organizations' },
    { tenant: 'example.onmicrosoft.com' },
    { tenant: '' },
    { audience: `api://${good.audience}` },
    { audience: '' },
    { authority: 'http://login.microsoftonline.com' },
    { authority: 'login.microsoftonline.com' },
    { authority: 'ftp://127.0.0.1' },
    { authority: 'https://login.microsoftonline.com/?x' },
    { authority: 'https://me@login.microsoftonline.com' },
  ])('with %j', (wrong) => {
    const [setting = ''] = Object.keys(wrong);
    expect(() => entraPeopleAuthenticator({ ...good, ...wrong })).toThrow(
      expect.objectContaining({
        name: 'SettingUnusable',
        setting: `KEYTURN_ENTRA_${setting.toUpperCase()}`,
      }),
    );
  });

  test('but with ids in capitals, and a slash at the end of the authority', async () => {
    people = entra.authenticator({
      authority: `${entra.authority}/`,
      tenant: entra.tenant.toUpperCase(),
      audience: entra.audience.toUpperCase(),
    });
    expect(await people.authenticate(await entra.token())).not.toBeNull();
  });
});

function payloadOf(token: string): Record<string, unknown> {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}

function signedBySomebodyElse(): Promise<string> {
  return entra.token({}, { key: { ...newSigningKey(), kid: publishedKid() } });
}

async function signedByCurve(): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return new SignJWT(payloadOf(await entra.token()))
    .setProtectedHeader({ alg: 'ES256', kid: publishedKid() })
    .sign(privateKey);
}

/** By hand: no library would do it. */
async function signedByPublicKey(): Promise<string> {
  const pem = entra.keys[0]?.publicKey.export({ type: 'spki', format: 'pem' }) ?? '';
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: publishedKid() }));
  const [, payload] = (await entra.token()).split('.');
  const signed = `${header.toString('base64url')}.${payload}`;
  return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
}

function publishedKid(): string {
  return entra.keys[0]?.kid ?? '';
}

async function machineToken(): Promise<string> {
  const { privateKey } = await newMachineIdentity();
  const [machineId, groupId] = [randomUUID(), randomUUID()];
  return signMachineToken({ machineId, groupId, audience: entra.audience, now: clock.now() }, privateKey);
}
