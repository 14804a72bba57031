import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  enrollmentSecretMatches,
  newEnrollmentToken,
  parseEnrollmentToken,
} from '../../shared/crypto/enrollment-token.ts';
import { GROUP_ID } from './fixtures.ts';

describe('an enrollment token', () => {
  it('is read back as its group, its id and a secret that matches its hash', () => {
    const { token, tokenId, secretHash } = newEnrollmentToken(GROUP_ID);
    const parsed = parseEnrollmentToken(token);
    expect(parsed).toMatchObject({ groupId: GROUP_ID, tokenId });
    expect(enrollmentSecretMatches(parsed?.secret ?? '', secretHash)).toBe(true);
  });

  it('is stored as the SHA-256 of 32 secret bytes', () => {
    const { token, secretHash } = newEnrollmentToken(GROUP_ID);
    const secret = Buffer.from(parseEnrollmentToken(token)?.secret ?? '', 'base64url');
    expect(secret).toHaveLength(32);
    expect(secretHash).toBe(createHash('sha256').update(secret).digest('base64url'));
  });

  it('never matches the hash of another', () => {
    const [first, second] = [newEnrollmentToken(GROUP_ID), newEnrollmentToken(GROUP_ID)];
    const secret = parseEnrollmentToken(first.token)?.secret ?? '';
    expect(first.tokenId).not.toBe(second.tokenId);
    expect(enrollmentSecretMatches(secret, second.secretHash)).toBe(false);
    for (const hash of ['', secret, 'not base64url!', first.secretHash.slice(1)]) {
      expect(enrollmentSecretMatches(secret, hash)).toBe(false);
    }
    expect(enrollmentSecretMatches('', first.secretHash)).toBe(false);
  });

  it('with any character changed is no token, or one that does not match', () => {
    const { token, tokenId, secretHash } = newEnrollmentToken(GROUP_ID);
    const positions = fc.integer({ min: 0, max: token.length - 1 });
    fc.assert(
      fc.property(positions, fc.constantFrom('0', 'a', 'B', '.', '-', ' '), (position, character) => {
        fc.pre(token[position] !== character);
        const parsed = parseEnrollmentToken(token.slice(0, position) + character + token.slice(position + 1));
        const isSame =
          parsed?.groupId === GROUP_ID &&
          parsed.tokenId === tokenId &&
          enrollmentSecretMatches(parsed.secret, secretHash);
        expect(isSame).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is told from any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseEnrollmentToken(text)).toBeNull();
      }),
    );
  });
});
