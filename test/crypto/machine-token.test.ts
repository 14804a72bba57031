import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  identityThumbprint,
  machineIdentityFromPem,
  machineIdentityToPem,
  newMachineIdentity,
  parsePublicJwk,
  toPublicKey,
} from '../../shared/crypto/machine-identity.ts';
import { readMachineToken, signMachineToken, verifyMachineToken } from '../../shared/crypto/machine-token.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { codeOf, GROUP_ID, keys, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from './fixtures.ts';

const { privateKey, publicJwk } = keys.machineIdentity;
const ISSUED_ON = '2026-11-22T12:00:00Z' as Instant;
const subject = { machineId: MACHINE_ID, groupId: GROUP_ID, audience: 'https://keyturn.example/api' };
const expected = { ...subject, publicJwk, now: ISSUED_ON };

describe('a machine identity', () => {
  it('comes back from PEM as it was', async () => {
    const identity = await newMachineIdentity();
    const again = machineIdentityFromPem(machineIdentityToPem(identity));
    expect(again.privateKey.equals(identity.privateKey)).toBe(true);
    expect(again.publicJwk).toEqual(identity.publicJwk);
    expect(Object.keys(again.publicJwk).toSorted()).toEqual(['crv', 'kty', 'x', 'y']);
  });

  it('is refused as PEM of another kind of key', async () => {
    const others = [
      generateKeyPairSync('ed25519').privateKey,
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
      keys.outgoing.privateKey,
    ];
    const pems = ['', ...others.map((key) => key.export({ type: 'pkcs8', format: 'pem' }).toString())];
    for (const pem of pems) expect(await codeOf(() => machineIdentityFromPem(pem))).toBe('KeyMalformed');
  });

  it('has the thumbprint of RFC 7638', async () => {
    expect(identityThumbprint(publicJwk)).toBe(await calculateJwkThumbprint(publicJwk));
  });

  it('is told from any other value', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue(), fc.record({ ...fcConstants(publicJwk), x: fc.base64String() })),
        async (value) => {
          expect(await codeOf(() => parsePublicJwk(value))).toBe('KeyMalformed');
        },
      ),
    );
  });
});

function fcConstants<T extends object>(value: T): { [Key in keyof T]: fc.Arbitrary<T[Key]> } {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fc.constant(each)])) as never;
}

describe('a machine token', () => {
  it('holds until it expires, whether the key is a JWK or a key object', async () => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
    const answer = { expiresOn: '2026-11-22T12:05:00Z' };
    expect(await verifyMachineToken(token, expected)).toEqual(answer);
    expect(await verifyMachineToken(token, { ...expected, publicJwk: toPublicKey(publicJwk) })).toEqual(
      answer,
    );
  });

  it.each([
    ['2026-11-22T11:58:59Z', 'TokenNotYetValid'],
    ['2026-11-22T11:59:00Z', null],
    ['2026-11-22T11:59:01Z', null],
    ['2026-11-22T12:04:59Z', null],
    ['2026-11-22T12:05:00Z', null],
    ['2026-11-22T12:05:59Z', null],
    ['2026-11-22T12:06:00Z', 'TokenExpired'],
    ['2026-11-22T12:06:01Z', 'TokenExpired'],
  ])('issued at noon for 300 s is met at %s with %s', async (now, code) => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
    expect(await codeOf(() => verifyMachineToken(token, { ...expected, now: now as Instant }))).toBe(code);
  });

  it.each([
    [-1, 'TokenMalformed'],
    [0, 'TokenMalformed'],
    [1, null],
    [600, null],
    [601, 'TokenMalformed'],
  ])('with a lifetime of %d s is met with %s', async (lifetimeSeconds, code) => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON, lifetimeSeconds }, privateKey);
    expect(await codeOf(() => verifyMachineToken(token, expected))).toBe(code);
  });

  it.each([
    ['machine', { machineId: OTHER_MACHINE_ID }, 'WrongContext'],
    ['group', { groupId: OTHER_GROUP_ID }, 'WrongContext'],
    ['service', { audience: 'https://elsewhere.example/api' }, 'TokenWrongAudience'],
    ['key', { publicJwk: keys.otherMachineIdentity.publicJwk }, 'TokenSignatureInvalid'],
  ])('does not hold for another %s', async (_, change, code) => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
    expect(await codeOf(() => verifyMachineToken(token, { ...expected, ...change }))).toBe(code);
  });

  it('says nothing of its claims while its signature is wrong', async () => {
    const now = '2030-01-01T00:00:00Z' as Instant;
    const token = await signMachineToken(
      { ...subject, now, lifetimeSeconds: 9000 },
      keys.otherMachineIdentity.privateKey,
    );
    expect(await codeOf(() => verifyMachineToken(token, expected))).toBe('TokenSignatureInvalid');
  });

  it('says whom it claims to be from before it is verified', async () => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
    expect(readMachineToken(token)).toEqual({ machineId: MACHINE_ID, groupId: GROUP_ID });
  });

  it('does not hold once any character has changed', async () => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
    const positions = fc.integer({ min: 0, max: token.length - 1 });
    await fc.assert(
      fc.asyncProperty(positions, fc.constantFrom('A', 'b', '.', ' ', '_'), async (position, character) => {
        fc.pre(token[position] !== character);
        const changed = token.slice(0, position) + character + token.slice(position + 1);
        expect(await codeOf(() => verifyMachineToken(changed, expected))).toMatch(
          /^Token(Malformed|SignatureInvalid)$/,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('has one spelling: none with unused bits set, padded, or with white space in its signature', async () => {
    const token = await signMachineToken({ ...subject, now: ISSUED_ON }, privateKey);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const lastWithUnusedBit = alphabet.charAt(alphabet.indexOf(token.slice(-1)) + 1);
    for (const other of [token.slice(0, -1) + lastWithUnusedBit, `${token}==`, `${token}\n`]) {
      expect(await codeOf(() => verifyMachineToken(other, expected))).toBe('TokenMalformed');
    }
  });

  it('is told from any other text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.stringMatching(/^([\w-]*\.){2}[\w-]*$/)), async (text) => {
        expect(readMachineToken(text)).toBeNull();
        expect(await codeOf(() => verifyMachineToken(text, expected))).toBe('TokenMalformed');
      }),
    );
  });

  it('is never the same twice', async () => {
    const tokens = [1, 2].map(() => signMachineToken({ ...subject, now: ISSUED_ON }, privateKey));
    const [first, second] = await Promise.all(tokens);
    expect(first?.split('.')[1]).not.toBe(second?.split('.')[1]);
  });
});
