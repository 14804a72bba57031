// Uses and refusals of what machines sign: statements by group keys, and tokens by machines' own keys.
import type { Statement } from '../../../shared/crypto/signed-statement.ts';
import type { Instant } from '../../../shared/domain/instant.ts';
import { GROUP_ID, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from '../../vectors/vector-keys.ts';
import { changedPart, refusedWith } from './cases.ts';
import type { Case } from './cases.ts';
import type { Cryptography } from './cryptographies.ts';

const PROOF: Statement = {
  purpose: 'keyturn-proof',
  context: { group: GROUP_ID, version: 2, machine: MACHINE_ID },
  content: { challenge: 'of the service' },
};
const ENDORSEMENT: Statement = {
  purpose: 'keyturn-endorsement',
  context: { group: GROUP_ID, version: 2 },
  content: { thumbprint: 'of the new key' },
};

/** Signed by `keys.incoming`, changed on its way, and verified with its certificate. */
async function delivered(
  { signStatement, verifyStatement, keys }: Cryptography,
  change: (jws: string) => string,
  expected = PROOF,
): Promise<void> {
  const jws = change(await signStatement(PROOF, keys.incoming));
  await verifyStatement(jws, expected, keys.incoming.certificate, 'ProofInvalid');
}

const unchanged = (jws: string): string => jws;

/** Of any statement or token, whichever its key. */
const NO_JWS: Readonly<Record<string, (jws: string) => string>> = {
  'that is empty': () => '',
  'of dots': () => '..',
  'without its signature': (jws) => jws.slice(0, jws.lastIndexOf('.')),
  'with a part more': (jws) => `${jws}.AAAA`,
  'with two parts more': (jws) => `${jws}.AAAA.AAAA`,
  'with padding': (jws) => `${jws}=`,
  'with a line break after it': (jws) => `${jws}\n`,
  'with a space in its signature': (jws) => `${jws.slice(0, -4)} ${jws.slice(-4)}`,
  'whose header is no JSON': (jws) => jws.slice(jws.indexOf('.')).padStart(jws.length, 'A'),
  'that nobody signed': (jws) => withHeader(jws, { alg: 'none' }),
  'of another algorithm': (jws) => withHeader(jws, { alg: 'HS256' }),
  'that asks for an extension': (jws) => withHeader(jws, { crit: ['unknown'], unknown: 1 }),
};

const NOT_SIGNED: Readonly<Record<string, (jws: string) => string>> = {
  'with another signature': (jws) => changedPart(jws, 2),
  'with an empty signature': (jws) => jws.slice(0, jws.lastIndexOf('.') + 1),
  'with another payload': (jws) => withPayload(jws, { challenge: 'another' }),
  'with another header': (jws) => withHeader(jws, { typ: 'another' }),
};

function withHeader(jws: string, change: object): string {
  const [header = '', ...rest] = jws.split('.');
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...change };
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.');
}

function withPayload(jws: string, payload: object): string {
  return jws
    .split('.')
    .with(1, Buffer.from(JSON.stringify(payload)).toString('base64url'))
    .join('.');
}

export const STATEMENT_CASES: readonly Case[] = [
  { title: 'what was signed', code: null, run: (crypto) => delivered(crypto, unchanged) },
  {
    title: 'an endorsement, which names no machine',
    code: null,
    run: async ({ signStatement, verifyStatement, keys }) => {
      const jws = await signStatement(ENDORSEMENT, keys.outgoing);
      await verifyStatement(jws, ENDORSEMENT, keys.outgoing.certificate, 'EndorsementInvalid');
    },
  },
  ...refusedWith<Statement>(
    'WrongContext',
    'a statement expected',
    {
      'for another purpose': { ...PROOF, purpose: 'keyturn-password-change' },
      'for another group': { ...PROOF, context: { ...PROOF.context, group: OTHER_GROUP_ID } },
      'for another version': { ...PROOF, context: { ...PROOF.context, version: 3 } },
      'for another machine': { ...PROOF, context: { ...PROOF.context, machine: OTHER_MACHINE_ID } },
      'for no machine': { ...PROOF, context: { group: GROUP_ID, version: 2 } },
      'to another challenge': { ...PROOF, content: { challenge: 'older' } },
      'to say more': { ...PROOF, content: { ...PROOF.content, revision: 1 } },
      'to say nothing': { ...PROOF, content: {} },
    },
    (crypto, expected) => delivered(crypto, unchanged, expected),
  ),
  ...refusedWith('ProofInvalid', 'a statement', { ...NO_JWS, ...NOT_SIGNED }, delivered),
  {
    title: 'an endorsement that nobody signed',
    code: 'EndorsementInvalid',
    run: ({ verifyStatement, keys }) =>
      verifyStatement('', ENDORSEMENT, keys.outgoing.certificate, 'EndorsementInvalid'),
  },
  {
    title: 'another signer',
    code: 'WrongKey',
    run: async ({ signStatement, verifyStatement, keys }) => {
      const jws = await signStatement(PROOF, keys.outgoing);
      await verifyStatement(jws, PROOF, keys.incoming.certificate, 'ProofInvalid');
    },
  },
  {
    title: 'another signer that goes by its certificate',
    code: 'ProofInvalid',
    run: async ({ signStatement, verifyStatement, keys }) => {
      const jws = await signStatement(PROOF, { ...keys.stranger, certificate: keys.incoming.certificate });
      await verifyStatement(jws, PROOF, keys.incoming.certificate, 'ProofInvalid');
    },
  },
  {
    title: 'another signer’s name, before the signature is looked at',
    code: 'WrongKey',
    run: (crypto) => delivered(crypto, (jws) => withHeader(jws, { kid: 'another', alg: 'none' })),
  },
  {
    title: 'a forged statement for something else, which comes later',
    code: 'ProofInvalid',
    run: (crypto) => delivered(crypto, (jws) => changedPart(jws, 2), ENDORSEMENT),
  },
];

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

/** Tokens that the reader, which verifies nothing, may be given. */
export const TOKEN_READINGS: Readonly<Record<string, (token: string) => string>> = {
  'as it is': unchanged,
  ...NO_JWS,
  ...NOT_SIGNED,
  'with its payload padded': (token) => token.replace(/\.(.*)\./, '.$1=.'),
  'with white space in its payload': (token) => token.replace('.', '. '),
  'with a payload in base64': (token) => token.replace('.', '.+'),
  'with a payload that is no JSON': (token) => token.replace('.', '.AAAA'),
  'with a payload that names a machine alone': (token) => withPayload(token, { sub: MACHINE_ID }),
};
