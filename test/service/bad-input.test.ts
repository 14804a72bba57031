// Requests that do not follow the contract, and things that are not there: each with its own code, and nothing written.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GroupView } from '../../shared/api/group.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import type { Answer, RunningService } from './running-service.ts';
import { PEOPLE, startService } from './running-service.ts';
import type { ProtocolMachine } from './protocol-machine.ts';
import { joined } from './protocol-machine.ts';
import { refusal } from './service-state.ts';

let service: RunningService;
let group: GroupView;
let machine: ProtocolMachine;
beforeAll(async () => {
  service = await startService();
  group = await service.newGroup();
  machine = await joined(service, group.id);
});
afterAll(() => service.stop());

type Body = string | Uint8Array | ReadableStream;

/** A raw POST of a new group. */
async function post(body: Body, headers: Record<string, string>): Promise<Answer> {
  const url = `${service.host.url}/api/groups`;
  const authorization = `Bearer ${PEOPLE.Operator}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization, ...headers },
    body,
    duplex: 'half',
  });
  const parsed = (await response.json()) as { code?: string };
  return { status: response.status, headers: response.headers, body: parsed, code: parsed.code };
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** A body for a new group that is exactly so many bytes long. */
function bodyOf(bytes: number): string {
  const body = JSON.stringify({ name: 'Padded' });
  return body + ' '.repeat(bytes - body.length);
}

function streamed(text: string): ReadableStream {
  return new Blob([text]).stream();
}

describe('a body', () => {
  test.for<[string, ProblemCode, Body, Record<string, string>]>([
    ['is cut short', 'MalformedJson', '{"name":"x"', JSON_TYPE],
    ['is empty', 'MalformedJson', '', JSON_TYPE],
    ['is not UTF-8', 'MalformedJson', Buffer.from('{"name":"\xe9"}', 'latin1'), JSON_TYPE],
    ['is no object', 'InvalidRequest', '[]', JSON_TYPE],
    ['is null', 'InvalidRequest', 'null', JSON_TYPE],
    ['is of no type', 'UnsupportedMediaType', Buffer.from('{"name":"x"}'), {}],
    ['is text', 'UnsupportedMediaType', '{"name":"x"}', { 'content-type': 'text/plain' }],
    ['is another JSON', 'UnsupportedMediaType', '{"name":"x"}', { 'content-type': 'application/json5' }],
    ['is a byte too long', 'BodyTooLarge', bodyOf(65_537), JSON_TYPE],
  ])('that %s is refused with %s', async ([, code, body, headers]) => {
    expect((await refusal(service, () => post(body, headers))).code).toBe(code);
  });

  test('that is a byte too long is refused also when its length was not announced', async () => {
    expect((await refusal(service, () => post(streamed(bodyOf(65_537)), JSON_TYPE))).code).toBe(
      'BodyTooLarge',
    );
  });

  test('that is as long as may be, with a charset, is taken', async () => {
    const answer = await post(bodyOf(65_536), { 'content-type': 'Application/JSON; charset=utf-8' });
    expect(answer.status).toBe(201);
  });

  test('that is far too long is cut off by the host', async () => {
    const response = await fetch(`${service.host.url}/api/groups`, {
      method: 'POST',
      headers: { authorization: `Bearer ${PEOPLE.Operator}`, ...JSON_TYPE },
      body: bodyOf(1_048_577),
    });
    expect(response.status).toBe(413);
  });
});

const validity = { pointer: '/groupKeyValidityPeriod', minimum: 129_600, maximum: 2_628_000 };
const grace = (maximum: number) => ({ pointer: '/groupKeyExpiryGracePeriod', minimum: 64_800, maximum });

describe('a policy', () => {
  test.for<[number, number, object[]]>([
    [129_599, 64_800, [validity]],
    [2_628_001, 64_800, [validity]],
    [2_628_000, 64_799, [grace(1_314_000)]],
    [2_628_000, 1_314_001, [grace(1_314_000)]],
    [129_600, 64_801, [grace(64_800)]],
    [129_601, 64_801, [grace(64_800)]],
    [-1, -1, [validity, grace(64_800)]],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, [validity, grace(1_314_000)]],
  ])('of %i and %i minutes is refused with both bounds of each', async ([first, second, expected]) => {
    const body = { groupKeyValidityPeriod: first, groupKeyExpiryGracePeriod: second };
    const created = await refusal(service, () => service.call('POST', 'groups', { name: 'x', ...body }));
    expect(created.code).toBe('PolicyOutOfRange');
    expect(created.errors).toMatchObject(expected);
    const changed = await refusal(service, () => service.call('PATCH', `groups/${group.id}`, body));
    expect(changed.code).toBe('PolicyOutOfRange');
    expect(changed.errors).toMatchObject(expected);
  });

  test('whose validity alone is given, and too short, is refused with its bounds', async () => {
    const body = { name: 'x', groupKeyValidityPeriod: 129_599 };
    const problem = await refusal(service, () => service.call('POST', 'groups', body));
    expect(problem.errors).toContainEqual(expect.objectContaining(validity));
  });

  test.for([
    [129_600, 64_800],
    [2_628_000, 1_314_000],
    [129_603, 64_801],
  ] as const)('of %i and %i minutes, at its very bounds, is taken', async ([first, second]) => {
    const body = { groupKeyValidityPeriod: first, groupKeyExpiryGracePeriod: second };
    expect(await service.newGroup(body)).toMatchObject(body);
  });

  test('whose present grace period does not go with a shorter validity is refused whole', async () => {
    const problem = await refusal(service, () =>
      service.call('PATCH', `groups/${group.id}`, { name: 'Renamed', groupKeyValidityPeriod: 129_600 }),
    );
    expect(problem.code).toBe('PolicyOutOfRange');
    expect(problem.errors).toMatchObject([grace(64_800)]);
  });
});

describe('what is not there', () => {
  test.for<[string, string, ProblemCode]>([
    ['GET', `groups/${randomUUID()}`, 'GroupNotFound'],
    ['DELETE', `groups/${randomUUID()}`, 'GroupNotFound'],
    ['POST', `groups/${randomUUID()}/renewals`, 'GroupNotFound'],
    ['GET', `groups/${randomUUID()}/machines`, 'GroupNotFound'],
    ['GET', `groups/${randomUUID()}/machines/${randomUUID()}`, 'GroupNotFound'],
    ['GET', `groups/${randomUUID()}/events`, 'GroupNotFound'],
    ['DELETE', `groups/${randomUUID()}/enrollment-tokens/x`, 'GroupNotFound'],
  ])('%s %s: %s', async ([method, path, code]) => {
    expect((await refusal(service, () => service.call(method, path))).code).toBe(code);
  });

  test.for<[string, string, ProblemCode]>([
    ['GET', `machines/${randomUUID()}`, 'MachineNotFound'],
    ['DELETE', `machines/${randomUUID()}`, 'MachineNotFound'],
    ['DELETE', `enrollment-tokens/${randomUUID()}`, 'EnrollmentTokenNotFound'],
  ])('%s %s in a group that is: %s', async ([method, path, code]) => {
    expect((await refusal(service, () => service.call(method, `groups/${group.id}/${path}`))).code).toBe(
      code,
    );
  });

  test.for<[string, () => Promise<Answer>]>([
    ['fetch', () => machine.getPackage(2)],
    ['prove', () => machine.call('POST', `${machine.path}/proofs`, { version: 2, proof: 'a.b.c' })],
    ['open', () => machine.setPassword(2, { revision: 2, passwordWrap: 'a.b.c', authorization: 'a.b.c' })],
  ])('a newer key to %s: KeyNotPrimary', async ([, call]) => {
    expect((await refusal(service, call)).code).toBe('KeyNotPrimary');
  });

  test.for([
    ['GET', 'nothing'],
    ['PUT', 'groups'],
    ['POST', 'groups/x/y/z'],
  ])('%s %s is a plain 404', async ([method = '', path = '']) => {
    const response = await fetch(`${service.host.url}/api/${path}`, { method });
    expect(response.status).toBe(404);
  });
});

describe('a cursor', () => {
  test.for(['foreign', 'made-up'])('that is %s is refused with InvalidCursor', async (kind) => {
    await service.newGroup();
    const { body: page } = await service.call<{ cursor: string }>('GET', 'groups?limit=1');
    expect(page.cursor).toEqual(expect.any(String));
    const cursor = kind === 'foreign' ? page.cursor : 'x';
    expect((await refusal(service, () => service.call('GET', `machines?cursor=${cursor}`))).code).toBe(
      'InvalidCursor',
    );
  });

  test('continues its own list with another page size, and no other filter', async () => {
    await service.newGroup();
    const { body: page } = await service.call<{ cursor: string }>('GET', 'groups?limit=1');
    expect((await service.call('GET', `groups?limit=2&cursor=${page.cursor}`)).status).toBe(200);
    expect(
      (await refusal(service, () => service.call('GET', `groups?status=NoKey&cursor=${page.cursor}`))).code,
    ).toBe('InvalidCursor');
  });
});
