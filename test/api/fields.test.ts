import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  agentVersionSchema,
  base64Schema,
  challengeSchema,
  compactSchema,
  descriptionSchema,
  idSchema,
  instantSchema,
  keyDeliveryStatusFilterSchema,
  nameSchema,
  thumbprintSchema,
  versionSchema,
} from '../../shared/api/fields.ts';

const ID = '0b6f1c1e-6a3c-4c55-9a52-6f0f8d5f3a10';
const DIGEST = 'A'.repeat(43);

/** One test a value: those that a schema takes as they are, and those that it refuses. */
function check(schema: z.ZodType, taken: unknown[], refused: unknown[]): void {
  it.each(taken.map((each) => [each]))('takes %j as it is', (value) => {
    expect(schema.safeParse(value)).toEqual({ success: true, data: value });
  });
  it.each(refused.map((each) => [each]))('refuses %j', (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
}

describe('an instant', () => {
  check(
    instantSchema,
    ['2026-11-22T00:00:00Z', '2028-02-29T23:59:59Z'],
    [
      '2026-11-22',
      '2026-11-22T00:00:00.000Z',
      '2026-11-22T00:00:00+01:00',
      '2026-02-29T00:00:00Z',
      '',
      0,
      null,
    ],
  );
});

describe('an id', () => {
  check(
    idSchema,
    [ID],
    [
      ID.toUpperCase(),
      `{${ID}}`,
      ID.replaceAll('-', ''),
      `${ID}\n`,
      ` ${ID}`,
      'group',
      '../health',
      '',
      7,
      null,
    ],
  );
});

describe('an agent version', () => {
  check(agentVersionSchema, ['2.23', '3.0.0', '3'], ['latest', 'v3', '3.0.0.0.0', '3.0\n', '', 3, null]);
});

describe('a key’s version', () => {
  check(versionSchema, [1, 9999], [0, -1, 10_000, 1.5, '1', Number.NaN, null]);
});

describe('a thumbprint', () => {
  check(
    thumbprintSchema,
    [DIGEST, `${'a'.repeat(41)}_-`],
    ['A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}+`, `${DIGEST}\n`, null],
  );
});

describe('a challenge', () => {
  check(challengeSchema, [DIGEST], ['A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}/`, null]);
});

describe('a compact JWS or JWE', () => {
  check(
    compactSchema,
    ['a.b.c', 'a.b.c.d.e', 'a..c.d.e', `a.b.${'c'.repeat(8188)}`],
    ['a.b', 'a.b.c.d.e.f', '.b.c', 'a.b.c=', 'a b.c.d', 'a.b.c\n', `a.b.${'c'.repeat(8189)}`, '', null],
  );
});

describe('base64', () => {
  check(
    base64Schema,
    ['AAAA', 'AA==', 'A'.repeat(24_000)],
    ['AAA', 'A-_A', 'AAAA\n', 'A'.repeat(24_004), null],
  );
});

describe('a name', () => {
  check(
    nameSchema,
    ['a', 'Rechnungen – Köln', '请求', '👩‍💻', 'x'.repeat(100)],
    [
      '',
      '   ',
      '\t\n',
      'x'.repeat(101),
      'a\nb',
      'a\u0000b',
      'a\u001bb',
      'a\u007fb',
      'a\u0085b',
      'a\u2028b',
      'a\u2029b',
      7,
      null,
    ],
  );
});

describe('a description', () => {
  check(descriptionSchema, ['', 'a\nb', 'x'.repeat(1000)], ['x'.repeat(1001), null]);
});

it('names and descriptions lose the space around them', () => {
  expect(nameSchema.parse('  a b \n')).toBe('a b');
  expect(nameSchema.parse(` ${'x'.repeat(100)} `)).toHaveLength(100);
  expect(descriptionSchema.parse(' a ')).toBe('a');
});

describe('a filter by status', () => {
  it.each([
    ['Default', 'Default'],
    ['default', 'Default'],
    ['1', 'Default'],
    ['PendingNewKey', 'PendingNewKey'],
    ['PENDINGNEWKEY', 'PendingNewKey'],
    ['2', 'PendingNewKey'],
    ['keyExpired', 'KeyExpired'],
    ['3', 'KeyExpired'],
  ])('takes %j for %s', (text, status) => {
    expect(keyDeliveryStatusFilterSchema.parse(text)).toBe(status);
  });

  it.each(['0', '4', '1.0', '01', ' 1', '', 'Pending', 'Default,KeyExpired'])('refuses %j', (text) => {
    expect(keyDeliveryStatusFilterSchema.safeParse(text).success).toBe(false);
  });
});
