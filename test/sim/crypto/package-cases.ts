// Uses and refusals of key packages and of the wraps of their secrets.
import { packageDigest } from '../../../shared/crypto/wraps.ts';
import { OTHER_GROUP_ID } from '../../vectors/vector-keys.ts';
import { changedPart, refusedWith } from './cases.ts';
import type { Case } from './cases.ts';
import { contextOf, PASSWORD } from './cryptographies.ts';
import type { Cryptography } from './cryptographies.ts';

type Context = Cryptography['context'];

/** Each field of a package's context once another. */
const OTHER_CONTEXTS: Readonly<Record<string, (crypto: Cryptography) => Context>> = {
  group: ({ context }) => ({ ...context, groupId: OTHER_GROUP_ID }),
  version: ({ context }) => ({ ...context, version: 1 }),
  certificate: ({ context, keys }) => ({ ...context, thumbprint: keys.stranger.certificate.thumbprint }),
  package: ({ context }) => ({ ...context, packageDigest: packageDigest(Buffer.alloc(0)) }),
};

const NO_WRAPS: Readonly<Record<string, (wrap: string) => string>> = {
  'that is empty': () => '',
  'with a part less': (wrap) => wrap.slice(0, wrap.lastIndexOf('.')),
  'with a part more': (wrap) => `${wrap}.AAAA`,
  'with padding': (wrap) => `${wrap}==`,
  'with a shorter tag': (wrap) => wrap.slice(0, -4),
  'whose header is no JSON': (wrap) => wrap.slice(wrap.indexOf('.')).padStart(wrap.length, 'A'),
  'of another algorithm': (wrap) => withHeader(wrap, { alg: 'dir' }),
  'with one more field': (wrap) => withHeader(wrap, { zip: 'DEF' }),
};

function withHeader(wrap: string, change: object): string {
  const [header = '', ...rest] = wrap.split('.');
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...change };
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.');
}

export const CERTIFICATE_WRAP_CASES: readonly Case[] = [
  {
    title: 'the outgoing key',
    code: null,
    run: (crypto) => crypto.unwrapWithKey(crypto.certificateWrap, crypto.keys.outgoing, crypto.context),
  },
  ...refusedWith('WrongContext', 'a wrap of another', OTHER_CONTEXTS, (crypto, other) =>
    crypto.unwrapWithKey(crypto.certificateWrap, crypto.keys.outgoing, other(crypto)),
  ),
  ...refusedWith('EnvelopeMalformed', 'a wrap', NO_WRAPS, (crypto, change) =>
    crypto.unwrapWithKey(change(crypto.certificateWrap), crypto.keys.outgoing, crypto.context),
  ),
  {
    title: 'a password’s wrap',
    code: 'WrongContext',
    run: (crypto) => crypto.unwrapWithKey(crypto.passwordWrap, crypto.keys.outgoing, crypto.context),
  },
  {
    title: 'another key than it names',
    code: 'WrongKey',
    run: (crypto) => crypto.unwrapWithKey(crypto.certificateWrap, crypto.keys.incoming, crypto.context),
  },
  {
    title: 'another key that goes by its certificate',
    code: 'WrongKey',
    run: ({ keys, ...crypto }) => {
      const disguised = { ...keys.stranger, certificate: keys.outgoing.certificate };
      return crypto.unwrapWithKey(crypto.certificateWrap, disguised, crypto.context);
    },
  },
  {
    title: 'another key in another context, which comes first',
    code: 'WrongContext',
    run: (crypto) =>
      crypto.unwrapWithKey(crypto.certificateWrap, crypto.keys.stranger, { ...crypto.context, version: 9 }),
  },
  {
    title: 'a wrap for the outgoing key that names another',
    code: 'WrongKey',
    run: async ({ keys, ...crypto }) => {
      const { thumbprint } = keys.stranger.certificate;
      const disguised = { ...keys.outgoing.certificate, thumbprint };
      const wrap = await crypto.wrapForCertificate(crypto.secret, disguised, crypto.context);
      return crypto.unwrapWithKey(wrap, keys.outgoing, crypto.context);
    },
  },
  {
    title: 'a wrap for a stranger that names the outgoing key',
    code: 'WrongKey',
    run: async ({ keys, ...crypto }) => {
      const { publicKey } = keys.stranger.certificate;
      const disguised = { ...keys.outgoing.certificate, publicKey };
      const wrap = await crypto.wrapForCertificate(crypto.secret, disguised, crypto.context);
      return crypto.unwrapWithKey(wrap, keys.outgoing, crypto.context);
    },
  },
  ...refusedWith(
    'WrongKey',
    'a wrap with another',
    { 'encrypted key': 1, 'initialization vector': 2, ciphertext: 3, tag: 4 },
    (crypto, part) =>
      crypto.unwrapWithKey(changedPart(crypto.certificateWrap, part), crypto.keys.outgoing, crypto.context),
  ),
];

/** What takes the real one's 600,000 iterations is tried a few times only. */
export const PASSWORD_WRAP_CASES: readonly Case[] = [
  {
    title: 'the password, however its letters are composed',
    code: null,
    run: (crypto) =>
      crypto.unwrapWithPassword(crypto.passwordWrap, PASSWORD.normalize('NFD'), crypto.context),
  },
  {
    title: 'another password, a short one included',
    code: 'WrongPassword',
    run: (crypto) => crypto.unwrapWithPassword(crypto.passwordWrap, 'short', crypto.context),
  },
  {
    title: 'a wrap with another ciphertext',
    code: 'WrongPassword',
    run: (crypto) => crypto.unwrapWithPassword(changedPart(crypto.passwordWrap, 3), PASSWORD, crypto.context),
  },
  {
    title: 'a wrap with another salt',
    code: 'WrongPassword',
    run: (crypto) => {
      const wrap = withHeader(crypto.passwordWrap, { p2s: Buffer.alloc(16).toString('base64url') });
      return crypto.unwrapWithPassword(wrap, PASSWORD, crypto.context);
    },
  },
  ...refusedWith('WrongContext', 'a wrap of another', OTHER_CONTEXTS, (crypto, other) =>
    crypto.unwrapWithPassword(crypto.passwordWrap, 'not the password', other(crypto)),
  ),
  ...refusedWith<(wrap: string) => string>(
    'EnvelopeMalformed',
    'a wrap',
    {
      ...NO_WRAPS,
      'of fewer iterations': (wrap) => withHeader(wrap, { p2c: 599_999 }),
      'of too many iterations': (wrap) => withHeader(wrap, { p2c: 2_000_001 }),
    },
    (crypto, change) => crypto.unwrapWithPassword(change(crypto.passwordWrap), PASSWORD, crypto.context),
  ),
  {
    title: 'a certificate’s wrap',
    code: 'WrongContext',
    run: (crypto) => crypto.unwrapWithPassword(crypto.certificateWrap, PASSWORD, crypto.context),
  },
  {
    title: 'a new password of eleven characters',
    code: 'PasswordTooShort',
    run: (crypto) => crypto.wrapForPassword(crypto.secret, 'elevenchars', crypto.context),
  },
];

/** The bytes with one of them another, which is a letter in either case. */
function changedAt(bytes: Uint8Array, index: number): Uint8Array {
  return Uint8Array.from(bytes).with(index, bytes[index] === 0x41 ? 0x42 : 0x41);
}

const opened = (crypto: Cryptography, pkcs12: Uint8Array, secret = crypto.secret) =>
  crypto.openPackage(pkcs12, secret, { ...crypto.context, packageDigest: packageDigest(pkcs12) });

export const PACKAGE_CASES: readonly Case[] = [
  { title: 'what was sealed', code: null, run: (crypto) => opened(crypto, crypto.pkcs12) },
  ...refusedWith(
    'PackageTampered',
    'a package of another',
    {
      group: OTHER_CONTEXTS['group'],
      certificate: OTHER_CONTEXTS['certificate'],
      digest: OTHER_CONTEXTS['package'],
    },
    (crypto, other) => other && crypto.openPackage(crypto.pkcs12, crypto.secret, other(crypto)),
  ),
  {
    title: 'other bytes than those of the digest, which comes first',
    code: 'PackageTampered',
    run: (crypto) => crypto.openPackage(Buffer.from('none'), crypto.secret, crypto.context),
  },
  {
    title: 'another secret',
    code: 'PackageTampered',
    run: async (crypto) =>
      opened(crypto, crypto.pkcs12, (await crypto.sealPackage(crypto.keys.incoming)).secret),
  },
  {
    title: 'a byte changed, by one who gives its digest',
    code: 'PackageTampered',
    run: (crypto) => opened(crypto, changedAt(crypto.pkcs12, crypto.pkcs12.length >> 1)),
  },
  ...refusedWith<(pkcs12: Uint8Array) => Uint8Array>(
    'PackageMalformed',
    'a package',
    {
      'of no bytes': () => new Uint8Array(),
      'of other bytes': () => Buffer.from('not a package'),
      'without its last byte': (pkcs12) => pkcs12.subarray(0, -1),
      'with a byte after it': (pkcs12) => Buffer.concat([pkcs12, Buffer.from(' ')]),
      'of another beginning': (pkcs12) => Uint8Array.from(pkcs12).with(0, 0x04),
    },
    (crypto, change) => opened(crypto, change(crypto.pkcs12)),
  ),
  {
    title: 'a private key that is not its certificate’s',
    code: 'PackageTampered',
    run: async ({ keys, ...crypto }) => {
      const mixed = { ...keys.incoming, privateKey: keys.stranger.privateKey };
      const { pkcs12, secret } = await crypto.sealPackage(mixed);
      return crypto.openPackage(pkcs12, secret, contextOf(mixed, pkcs12));
    },
  },
];
