import { describe, expect, it } from 'vitest';
import {
  newGroupPassword,
  normalizeNewPassword,
  normalizePassword,
  PASSWORD_LENGTH_MIN,
} from '../../shared/crypto/group-password.ts';
import { codeOf } from './fixtures.ts';

describe('a group password', () => {
  it('that is made is seven groups of four characters that nobody confuses', () => {
    const passwords = Array.from({ length: 50 }, newGroupPassword);
    expect(new Set(passwords).size).toBe(50);
    for (const each of passwords) expect(each).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}$/);
  });

  it('uses the whole alphabet', () => {
    const characters = Array.from({ length: 200 }, newGroupPassword).join('').replaceAll('-', '');
    expect(new Set(characters).size).toBe(32);
  });

  it('that is made is long enough to be set', () => {
    const password = newGroupPassword();
    expect(normalizeNewPassword(password)).toBe(password);
  });

  it('is the same in composed and decomposed form', () => {
    expect(normalizePassword('cafe\u0301')).toBe('caf\u00e9');
  });

  it.each([
    ['eleven letters', 'a'.repeat(11), 'PasswordTooShort'],
    ['twelve letters', 'a'.repeat(12), null],
    ['eleven letters of two code points each', 'e\u0301'.repeat(11), 'PasswordTooShort'],
    ['eleven emoji of two code units each', '\u{1f511}'.repeat(11), 'PasswordTooShort'],
    ['twelve emoji', '\u{1f511}'.repeat(PASSWORD_LENGTH_MIN), null],
  ])('of %s is refused or taken by its characters', async (_, password, code) => {
    expect(await codeOf(() => normalizeNewPassword(password))).toBe(code);
  });
});
