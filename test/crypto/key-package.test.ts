import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SealedPackage } from '../../shared/crypto/key-package.ts';
import {
  packagePassword,
  sealPackage,
  wrapForCertificate,
  wrapForPassword,
} from '../../shared/crypto/key-package.ts';
import { openPackage, unwrapWithKey, unwrapWithPassword } from '../../shared/crypto/open-package.ts';
import { writePkcs12 } from '../../shared/crypto/pkcs12-writer.ts';
import type { PackageContext } from '../../shared/crypto/wraps.ts';
import { inspectWrap, packageDigest, requireWrap } from '../../shared/crypto/wraps.ts';
import { openssl } from '../vectors/openssl.ts';
import { codeOf, flipBit, keys, OTHER_GROUP_ID } from './fixtures.ts';

const { incoming, outgoing, stranger } = keys;
const PASSWORD = 'correct horse battery';

let sealed: SealedPackage;
let context: PackageContext;
let passwordWrap: string;
let certificateWrap: string;

beforeAll(async () => {
  sealed = await sealPackage(incoming);
  context = contextOf(sealed.pkcs12);
  passwordWrap = await wrapForPassword(sealed.secret, PASSWORD, context);
  certificateWrap = await wrapForCertificate(sealed.secret, outgoing.certificate, context);
});

function contextOf(pkcs12: Uint8Array): PackageContext {
  const { groupId, version, certificate } = incoming;
  return { groupId, version, thumbprint: certificate.thumbprint, packageDigest: packageDigest(pkcs12) };
}

/** The context with one field another; every field once. */
function otherContexts(): PackageContext[] {
  return [
    { ...context, groupId: OTHER_GROUP_ID },
    { ...context, version: 1 },
    { ...context, thumbprint: stranger.certificate.thumbprint },
    { ...context, packageDigest: packageDigest(Buffer.alloc(0)) },
  ];
}

describe('a key package', () => {
  it('gives the group key to whoever knows the password', async () => {
    const secret = await unwrapWithPassword(passwordWrap, PASSWORD, context);
    const key = await openPackage(sealed.pkcs12, secret, context);
    expect(key.privateKey.equals(incoming.privateKey)).toBe(true);
    expect({ ...key, privateKey: null }).toEqual({ ...incoming, privateKey: null });
  });

  it('gives the group key to whoever holds the outgoing key', async () => {
    const secret = await unwrapWithKey(certificateWrap, outgoing, context);
    const key = await openPackage(sealed.pkcs12, secret, context);
    expect(key.privateKey.equals(incoming.privateKey)).toBe(true);
  });

  it('keeps its secret when the password changes: only the wrap is made anew', async () => {
    const rewrapped = await wrapForPassword(sealed.secret, 'another password', context);
    expect(await unwrapWithPassword(rewrapped, 'another password', context)).toEqual(
      new Uint8Array(sealed.secret),
    );
    expect(await codeOf(() => unwrapWithPassword(rewrapped, PASSWORD, context))).toBe('WrongPassword');
  });

  it('has a new secret each time, and is of a size that every vault takes', async () => {
    const again = await sealPackage(incoming);
    expect(Buffer.from(again.secret).equals(sealed.secret)).toBe(false);
    expect(sealed.secret).toHaveLength(32);
    expect(sealed.pkcs12.length).toBeLessThan(18_000);
  });

  it('opens in OpenSSL 3 with its secret', () => {
    const args = ['pkcs12', '-info', '-noenc', '-passin', `pass:${packagePassword(sealed.secret)}`];
    const text = openssl(args, sealed.pkcs12).toString();
    expect(text).toContain('BEGIN PRIVATE KEY');
    expect(text).toContain('BEGIN CERTIFICATE');
  });

  it('is refused when any bit has changed', async () => {
    const bits = fc.integer({ min: 0, max: sealed.pkcs12.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const pkcs12 = flipBit(sealed.pkcs12, bit);
        expect(await codeOf(() => openPackage(pkcs12, sealed.secret, context))).toBe('PackageTampered');
      }),
    );
  });

  it('never gives another key, even to a caller with the digest of the changed package', async () => {
    const bits = fc.integer({ min: 0, max: sealed.pkcs12.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const pkcs12 = flipBit(sealed.pkcs12, bit);
        // Bits that say nothing, such as the unused parameters of the MAC's hash, may go unseen.
        const outcome = await openPackage(pkcs12, sealed.secret, contextOf(pkcs12)).then(
          (key) => (key.privateKey.equals(incoming.privateKey) ? 'the same key' : 'another key'),
          ({ code }) => code,
        );
        expect(outcome).toMatch(/^(the same key|PackageTampered|PackageMalformed)$/);
      }),
      { numRuns: 400 },
    );
  });

  it('is refused when it asks for more iterations than anyone needs', async () => {
    const secret = packagePassword(sealed.secret);
    const pkcs12 = await writePkcs12(incoming, secret, 1_000_001);
    expect(await codeOf(() => openPackage(pkcs12, sealed.secret, contextOf(pkcs12)))).toBe(
      'PackageMalformed',
    );
  });
});

describe('a wrap', () => {
  it('says what it is for, without being opened', () => {
    expect(inspectWrap(passwordWrap)).toEqual({ purpose: 'keyturn-password-wrap', ...context });
    expect(inspectWrap(certificateWrap)).toEqual({
      purpose: 'keyturn-certificate-wrap',
      ...context,
      kid: outgoing.certificate.thumbprint,
    });
    expect(requireWrap(passwordWrap, 'keyturn-password-wrap', context)).toEqual(inspectWrap(passwordWrap));
  });

  it('carries nothing of the secret or the password in the clear', () => {
    const header = Buffer.from(passwordWrap.split('.')[0] ?? '', 'base64url').toString();
    expect(Object.keys(JSON.parse(header)).toSorted()).toEqual([
      'alg',
      'enc',
      'group',
      'p2c',
      'p2s',
      'package',
      'thumbprint',
      'typ',
      'version',
    ]);
  });

  it('is refused in any other context, before a password or key is tried', async () => {
    for (const other of otherContexts()) {
      expect(await codeOf(() => unwrapWithPassword(passwordWrap, PASSWORD, other))).toBe('WrongContext');
      expect(await codeOf(() => unwrapWithKey(certificateWrap, outgoing, other))).toBe('WrongContext');
      expect(await codeOf(() => requireWrap(passwordWrap, 'keyturn-password-wrap', other))).toBe(
        'WrongContext',
      );
    }
  });

  it('is refused as a wrap of the other kind', async () => {
    expect(await codeOf(() => unwrapWithPassword(certificateWrap, PASSWORD, context))).toBe('WrongContext');
    expect(await codeOf(() => unwrapWithKey(passwordWrap, outgoing, context))).toBe('WrongContext');
  });

  it('does not open with another key', async () => {
    expect(await codeOf(() => unwrapWithKey(certificateWrap, incoming, context))).toBe('WrongKey');
    const disguised = { ...stranger, certificate: outgoing.certificate };
    expect(await codeOf(() => unwrapWithKey(certificateWrap, disguised, context))).toBe('WrongKey');
  });

  it('for a certificate does not open once any character has changed', async () => {
    const positions = fc.integer({ min: 0, max: certificateWrap.length - 1 });
    await fc.assert(
      fc.asyncProperty(
        positions,
        fc.constantFrom('A', 'B', 'z', '.', ' ', '-'),
        async (position, character) => {
          fc.pre(certificateWrap[position] !== character);
          const changed =
            certificateWrap.slice(0, position) + character + certificateWrap.slice(position + 1);
          expect(await codeOf(() => unwrapWithKey(changed, outgoing, context))).toMatch(
            /^(EnvelopeMalformed|WrongContext|WrongKey)$/,
          );
        },
      ),
    );
  });

  it('for a password does not open once any part has changed', async () => {
    const parts = passwordWrap.split('.');
    // The header first: its context is checked before, so that a changed salt is what reaches the derivation.
    const header = JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString());
    const salt = flipBit(Buffer.from(header.p2s, 'base64url'), 3).toString('base64url');
    const headerText = Buffer.from(JSON.stringify({ ...header, p2s: salt })).toString('base64url');
    const changed = parts.map((part, index) =>
      parts.with(
        index,
        index === 0 ? headerText : flipBit(Buffer.from(part, 'base64url'), 0).toString('base64url'),
      ),
    );
    for (const each of changed) {
      expect(await codeOf(() => unwrapWithPassword(each.join('.'), PASSWORD, context))).toBe('WrongPassword');
    }
  });

  it('is told from any other text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.stringMatching(/^([\w-]*\.){4}[\w-]*$/)), async (text) => {
        expect(await codeOf(() => inspectWrap(text))).toBe('EnvelopeMalformed');
      }),
    );
  });
});
