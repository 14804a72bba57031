import { describe, expect, it } from 'vitest';
import { checkInBody, issueKeyBody, joinBody, passwordBody, proofBody } from '../../shared/api/check-in.ts';
import { createEnrollmentTokenBody, listEventsQuery } from '../../shared/api/event.ts';
import { createGroupBody, listGroupsQuery, updateGroupBody } from '../../shared/api/group.ts';
import { listMachinesQuery } from '../../shared/api/machine.ts';
import { operations } from '../../shared/api/operations.ts';

const ID = '0b6f1c1e-6a3c-4c55-9a52-6f0f8d5f3a10';
const DIGEST = 'A'.repeat(43);
const identityKey = { kty: 'EC', crv: 'P-256', x: DIGEST, y: DIGEST };
const sound = {
  createGroup: { schema: createGroupBody, body: { name: 'Invoices' } },
  updateGroup: { schema: updateGroupBody, body: { name: 'Invoices' } },
  createEnrollmentToken: { schema: createEnrollmentTokenBody, body: {} },
  join: {
    schema: joinBody,
    body: {
      machineId: ID,
      name: 'invoices-07',
      agentVersion: '3.0.0',
      identityKey,
      enrollmentToken: 'token',
    },
  },
  checkIn: {
    schema: checkInBody,
    body: { agentVersion: '3.0.0', keys: [{ version: 1, thumbprint: DIGEST }] },
  },
  issueKey: {
    schema: issueKeyBody,
    body: {
      version: 2,
      certificate: 'AAAA',
      package: 'AAAA',
      certificateWrap: 'a.b.c.d.e',
      endorsement: 'a.b.c',
      proof: 'a.b.c',
    },
  },
  proveKey: { schema: proofBody, body: { version: 2, proof: 'a.b.c' } },
  setPassword: {
    schema: passwordBody,
    body: { revision: 2, passwordWrap: 'a.b.c.d.e', authorization: 'a.b.c' },
  },
} as const;

describe('a body', () => {
  const rows = Object.entries(sound).map(([name, { schema, body }]) => ({ name, schema, body }));

  it('of each operation that takes one is looked at here', () => {
    const taking = Object.values(operations).filter(({ body }) => body.type !== 'undefined');
    expect(rows.map(({ name }) => name).toSorted()).toEqual(taking.map(({ id }) => id).toSorted());
    for (const { name, schema } of rows) expect(operations[name as keyof typeof sound].body).toBe(schema);
  });

  it.each(rows)('$name is taken when it is sound', ({ schema, body }) => {
    expect(schema.safeParse(body).success).toBe(true);
  });

  it.each(rows)('$name is refused with a field that it does not know', ({ schema, body }) => {
    expect(schema.safeParse({ ...body, keyDeliveryStatus: 'Default' }).success).toBe(false);
  });

  it.each(rows)('$name is refused with a prototype', ({ schema, body }) => {
    const text = JSON.stringify({ ...body, prototype: {} }).replace('"prototype"', '"__proto__"');
    expect(schema.safeParse(JSON.parse(text)).success).toBe(false);
  });

  it.each(rows.filter(({ name }) => name !== 'updateGroup' && name !== 'createEnrollmentToken'))(
    '$name is refused without any one of its fields that it needs',
    ({ schema, body }) => {
      const optional = ['certificateWrap', 'endorsement'];
      for (const field of Object.keys(body).filter((each) => !optional.includes(each))) {
        expect(schema.safeParse({ ...body, [field]: undefined }).success, field).toBe(false);
      }
    },
  );

  it.each(rows)('$name is refused when it is no object', ({ schema }) => {
    for (const value of [null, [], 'text', 7, undefined]) expect(schema.safeParse(value).success).toBe(false);
  });
});

describe('nested objects refuse fields that they do not know', () => {
  it('an identity key with its private half', () => {
    const body = { ...sound.join.body, identityKey: { ...identityKey, d: DIGEST } };
    expect(joinBody.safeParse(body).success).toBe(false);
  });

  it.each([
    ['of another curve', { crv: 'P-384' }],
    ['of another kind', { kty: 'RSA' }],
    ['with a short coordinate', { x: 'A'.repeat(42) }],
  ])('an identity key %s', (_, change) => {
    const body = { ...sound.join.body, identityKey: { ...identityKey, ...change } };
    expect(joinBody.safeParse(body).success).toBe(false);
  });

  it('a held key with more than its name', () => {
    const keys = [{ version: 1, thumbprint: DIGEST, privateKey: 'x' }];
    expect(checkInBody.safeParse({ agentVersion: '3.0.0', keys }).success).toBe(false);
  });
});

describe('what is left out', () => {
  it('is as the contract says', () => {
    expect(createGroupBody.parse({ name: 'a' })).toEqual({ name: 'a', description: '' });
    expect(checkInBody.parse({ agentVersion: '3', keys: [] })).toEqual({
      agentVersion: '3',
      keys: [],
      rejoin: false,
    });
    expect(createEnrollmentTokenBody.parse({})).toEqual({ lifetimeMinutes: 1440, uses: 50 });
    for (const query of [listGroupsQuery, listMachinesQuery, listEventsQuery]) {
      expect(query.parse({})).toEqual({ limit: 50 });
    }
  });
});

describe('a change of a group', () => {
  it('must change something', () => {
    expect(updateGroupBody.safeParse({}).success).toBe(false);
    expect(updateGroupBody.safeParse({ name: undefined }).success).toBe(false);
    expect(updateGroupBody.parse({ description: '' })).toEqual({ description: '' });
  });

  it('leaves the bounds of periods to the domain, but takes only whole minutes', () => {
    expect(updateGroupBody.safeParse({ groupKeyValidityPeriod: 1 }).success).toBe(true);
    for (const minutes of [1.5, '129600', null, Infinity]) {
      expect(updateGroupBody.safeParse({ groupKeyValidityPeriod: minutes }).success).toBe(false);
    }
  });
});

describe('bounds', () => {
  it.each([
    ['lifetimeMinutes', 5, 43_200],
    ['uses', 1, 10_000],
  ])('of an enrollment token’s %s are %d and %d', (field, minimum, maximum) => {
    const takes = (value: number) => createEnrollmentTokenBody.safeParse({ [field]: value }).success;
    expect([minimum - 1, minimum, maximum, maximum + 1, minimum + 0.5].map(takes)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['0', false],
    ['1', true],
    ['500', true],
    ['501', false],
    ['', false],
    ['ten', false],
    ['1.5', false],
    ['-1', false],
  ])('of a page let %j be its limit: %s', (limit, expected) => {
    expect(listMachinesQuery.safeParse({ limit }).success).toBe(expected);
  });

  it('of a cursor are 1 and 2000 characters', () => {
    const cursors = [0, 1, 2000, 2001].map((length) => ({ cursor: 'x'.repeat(length) }));
    expect(cursors.map((each) => listMachinesQuery.safeParse(each).success)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('of a password’s revision are 2 and a million', () => {
    const bodies = [1, 2, 1_000_000, 1_000_001].map((revision) => ({ ...sound.setPassword.body, revision }));
    expect(bodies.map((each) => passwordBody.safeParse(each).success)).toEqual([false, true, true, false]);
  });

  it('of the held keys are twenty', () => {
    const bodies = [0, 20, 21].map((length) => ({
      agentVersion: '3',
      keys: Array.from({ length }, () => ({ version: 1, thumbprint: DIGEST })),
    }));
    expect(bodies.map((each) => checkInBody.safeParse(each).success)).toEqual([true, true, false]);
  });

  it('of an enrollment token’s text are 300 characters', () => {
    const bodies = [300, 301].map((length) => ({ ...sound.join.body, enrollmentToken: 'x'.repeat(length) }));
    expect(bodies.map((each) => joinBody.safeParse(each).success)).toEqual([true, false]);
  });
});

describe('a query', () => {
  it('is refused with a parameter that it does not know', () => {
    for (const query of [listGroupsQuery, listMachinesQuery, listEventsQuery]) {
      expect(query.safeParse({ keydeliverystatus: '1' }).success).toBe(false);
    }
  });

  it('of machines takes every filter at once', () => {
    expect(
      listMachinesQuery.parse({
        keyDeliveryStatus: '2',
        agentVersion: '2.9',
        lastHeartbeatBefore: '2026-11-22T00:00:00Z',
        lastHeartbeatAfter: '2026-11-21T00:00:00Z',
        limit: '10',
        cursor: 'abc',
      }),
    ).toEqual({
      keyDeliveryStatus: 'PendingNewKey',
      agentVersion: '2.9',
      lastHeartbeatBefore: '2026-11-22T00:00:00Z',
      lastHeartbeatAfter: '2026-11-21T00:00:00Z',
      limit: 10,
      cursor: 'abc',
    });
  });

  it('of groups filters by the statuses that are shown', () => {
    for (const status of ['NoKey', 'Active', 'Renewing', 'KeyExpired']) {
      expect(listGroupsQuery.safeParse({ status }).success).toBe(true);
    }
    expect(listGroupsQuery.safeParse({ status: 'Deleted' }).success).toBe(false);
  });
});
