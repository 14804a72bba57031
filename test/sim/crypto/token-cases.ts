// Uses and refusals of tokens by machines' own keys.
import { fromInstant } from '../../../shared/domain/instant.ts';
import type { Instant } from '../../../shared/domain/instant.ts';
import { GROUP_ID, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from '../../vectors/vector-keys.ts';
import { refusedWith } from './cases.ts';
import type { Case } from './cases.ts';
import type { Cryptography } from './cryptographies.ts';
import { NO_JWS, NOT_SIGNED, unchanged, withPayload } from './jws-changes.ts';

const NOON = '2026-11-22T12:00:00Z' as Instant;
const SUBJECT = { machineId: MACHINE_ID, groupId: GROUP_ID, audience: 'keyturn' };

interface TokenUse {
  readonly signed?: object;
  readonly expected?: object;
  readonly change?: (token: string) => string;
}

/** Signed at noon for 300 s, and verified at noon, but for what the use says. */
async function presented(
  { signMachineToken, verifyMachineToken, keys }: Cryptography,
  { signed = {}, expected = {}, change = unchanged }: TokenUse,
): Promise<{ readonly expiresOn: Instant }> {
  const { privateKey, publicJwk } = keys.machineIdentity;
  const token = await signMachineToken({ ...SUBJECT, now: NOON, ...signed }, privateKey);
  return verifyMachineToken(change(token), { ...SUBJECT, publicJwk, now: NOON, ...expected });
}

const at = (now: string): TokenUse => ({ expected: { now } });

export const TOKEN_CASES: readonly Case[] = [
  ...Object.entries<TokenUse>({
    'at once': {},
    'a minute before it was issued': at('2026-11-22T11:59:00Z'),
    'as it expires': at('2026-11-22T12:05:00Z'),
    'just under a minute later': at('2026-11-22T12:05:59Z'),
    'of ten minutes': { signed: { lifetimeSeconds: 600 } },
    'of one second': { signed: { lifetimeSeconds: 1 } },
  }).map(([name, use]): Case => ({
    title: `a token ${name}`,
    code: null,
    run: (crypto) => presented(crypto, use),
  })),
  {
    title: 'a token by a key object',
    code: null,
    run: (crypto) =>
      presented(crypto, {
        expected: { publicJwk: crypto.toPublicKey(crypto.keys.machineIdentity.publicJwk) },
      }),
  },
  ...refusedWith('TokenNotYetValid', 'a token', { 'from the future': at('2026-11-22T11:58:59Z') }, presented),
  ...refusedWith('TokenExpired', 'a token', { 'of the past': at('2026-11-22T12:06:00Z') }, presented),
  ...refusedWith<TokenUse>(
    'TokenMalformed',
    'a token',
    {
      'of no time': { signed: { lifetimeSeconds: 0 } },
      'that expired before it was issued': { signed: { lifetimeSeconds: -1 } },
      'of over ten minutes': { signed: { lifetimeSeconds: 601 } },
      'of over ten minutes, whoever’s it is': {
        signed: { lifetimeSeconds: 601, machineId: OTHER_MACHINE_ID, groupId: OTHER_GROUP_ID },
      },
      'of no machine': { signed: { machineId: 'nobody' } },
      ...Object.fromEntries(Object.entries(NO_JWS).map(([name, change]) => [name, { change }])),
    },
    presented,
  ),
  ...refusedWith<TokenUse>(
    'WrongContext',
    'a token',
    {
      'of another machine': { expected: { machineId: OTHER_MACHINE_ID } },
      'of another group': { expected: { groupId: OTHER_GROUP_ID } },
      'of another group, wherever to': { expected: { groupId: OTHER_GROUP_ID, audience: 'another' } },
    },
    presented,
  ),
  ...refusedWith<TokenUse>(
    'TokenWrongAudience',
    'a token',
    {
      'for another service': { expected: { audience: 'another' } },
      'for another service, long ago': { expected: { audience: 'another', now: '2031-01-01T00:00:00Z' } },
    },
    presented,
  ),
  ...refusedWith(
    'TokenSignatureInvalid',
    'a token',
    Object.fromEntries(Object.entries(NOT_SIGNED).map(([name, change]) => [name, { change }])),
    presented,
  ),
  {
    title: 'a token by another machine’s key, whatever it says',
    code: 'TokenSignatureInvalid',
    run: (crypto) => {
      const { publicJwk } = crypto.keys.otherMachineIdentity;
      return presented(crypto, { signed: { lifetimeSeconds: 9000 }, expected: { publicJwk } });
    },
  },
];

/** What a machine could sign that no agent does: `claimed` at noon, over claims that hold until five past. */
async function claimed(
  { signAnything, verifyMachineToken, keys }: Cryptography,
  { typ = 'keyturn-machine+jwt', ...other }: { readonly typ?: string } & Record<string, unknown>,
): Promise<unknown> {
  const { privateKey, publicJwk } = keys.machineIdentity;
  const iat = fromInstant(NOON) / 1000;
  const named = { iss: MACHINE_ID, sub: MACHINE_ID, aud: 'keyturn', group: GROUP_ID };
  const claims = { ...named, iat, exp: iat + 300, jti: 'the only one', ...other };
  const token = await signAnything({ alg: 'ES256', typ }, claims, privateKey);
  return verifyMachineToken(token, { ...SUBJECT, publicJwk, now: NOON });
}

export const CLAIM_CASES: readonly Case[] = [
  { title: 'those of a token', code: null, run: (crypto) => claimed(crypto, {}) },
  { title: 'one nobody knows', code: null, run: (crypto) => claimed(crypto, { scope: 'more' }) },
  ...refusedWith<Parameters<typeof claimed>[1]>(
    'TokenMalformed',
    'those of a token, but',
    {
      'of another type': { typ: 'JWT' },
      'without an audience': { aud: undefined },
      'for several audiences': { aud: ['keyturn', 'another'] },
      'of no group': { group: 'nobody' },
      'of no issuer': { iss: undefined },
      'with half a second': { iat: fromInstant(NOON) / 1000 + 0.5 },
      'without an end': { exp: undefined },
      'without an id': { jti: '' },
      'with an id of 65 characters': { jti: 'x'.repeat(65) },
    },
    claimed,
  ),
  ...refusedWith(
    'WrongContext',
    'those of a token, but',
    { 'issued by another machine': { iss: OTHER_MACHINE_ID }, 'about another': { sub: OTHER_MACHINE_ID } },
    claimed,
  ),
  {
    title: 'those of a token, but not before two minutes past',
    code: 'TokenNotYetValid',
    run: (crypto) => claimed(crypto, { nbf: fromInstant(NOON) / 1000 + 120 }),
  },
];

const NAMES = { sub: MACHINE_ID, group: GROUP_ID, note: '>>>???>>>???' };
const NAMES_BASE64 = Buffer.from(JSON.stringify(NAMES)).toString('base64');
const NAMES_BASE64URL = Buffer.from(JSON.stringify(NAMES)).toString('base64url');

/** Tokens that the reader, which verifies nothing, may be given. */
export const TOKEN_READINGS: Readonly<Record<string, (token: string) => string>> = {
  'as it is': unchanged,
  ...NO_JWS,
  ...NOT_SIGNED,
  'with its payload padded': (token) => token.replace(/\.(.*)\./, '.$1=.'),
  'with white space in its payload': (token) => token.replace('.', '. '),
  'with a payload in base64, which has other characters': (token) =>
    withPayload(token, NAMES).replace(NAMES_BASE64URL, NAMES_BASE64),
  'with a payload in base64url, of the same bytes': (token) => withPayload(token, NAMES),
  'with a character in its payload that is none of base64url': (token) => token.replace('.', '.*'),
  'with a payload that is no JSON': (token) => token.replace('.', '.AAAA'),
  'with a payload that names a machine alone': (token) => withPayload(token, { sub: MACHINE_ID }),
};
