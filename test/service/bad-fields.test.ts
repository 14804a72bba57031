// Messages whose fields are not as the contract says: the answer points at each, and nothing is written.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GroupView } from '../../shared/api/group.ts';
import type { ProblemDocument } from '../../shared/api/problem.ts';
import { ProtocolMachine, joined } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
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

/** Where it goes, what is wrong, and the pointers that the answer must name. */
test.for<[string, () => [string, string, unknown], string[]]>([
  ['a group without a name', () => ['POST', 'groups', {}], ['/body/name']],
  ['a group of two lines', () => ['POST', 'groups', { name: 'a\nb' }], ['/body/name']],
  ['a group of blanks', () => ['POST', 'groups', { name: '  ' }], ['/body/name']],
  ['two unknown fields', () => ['POST', 'groups', { name: 'x', a: 1, b: 2 }], ['/body/a', '/body/b']],
  ['a prototype', () => ['POST', 'groups', '{"name":"x","__proto__":{"a":1}}'], ['/body/__proto__']],
  [
    'half minutes',
    () => ['POST', 'groups', { name: 'x', groupKeyValidityPeriod: 200_000.5 }],
    ['/body/groupKeyValidityPeriod'],
  ],
  [
    'minutes as text',
    () => ['POST', 'groups', { name: 'x', groupKeyExpiryGracePeriod: '64800' }],
    ['/body/groupKeyExpiryGracePeriod'],
  ],
  ['an empty patch', () => ['PATCH', `groups/${group.id}`, {}], ['/body']],
  [
    'a patch of a status',
    () => ['PATCH', `groups/${group.id}`, { status: 'Active' }],
    ['/body/status', '/body'],
  ],
  ['a patch with null', () => ['PATCH', `groups/${group.id}`, { name: null }], ['/body/name']],
  ['a token for ever', () => ['POST', tokens(), { lifetimeMinutes: 43_201 }], ['/body/lifetimeMinutes']],
  ['a token too short', () => ['POST', tokens(), { lifetimeMinutes: 4 }], ['/body/lifetimeMinutes']],
  ['a token for nobody', () => ['POST', tokens(), { uses: 0 }], ['/body/uses']],
  ['a token for all', () => ['POST', tokens(), { uses: 10_001 }], ['/body/uses']],
  ['a token with a secret', () => ['POST', tokens(), { secret: 'x' }], ['/body/secret']],
  ['a group id in capitals', () => ['GET', `groups/${group.id.toUpperCase()}`, undefined], ['/path/groupId']],
  ['a group id that is none', () => ['GET', 'groups/1', undefined], ['/path/groupId']],
  [
    'a machine id that is none',
    () => ['GET', `groups/${group.id}/machines/group`, undefined],
    ['/path/machineId'],
  ],
  ['a token id that is none', () => ['DELETE', `${tokens()}/a.b`, undefined], ['/path/tokenId']],
  ['a page of none', () => ['GET', 'groups?limit=0', undefined], ['/query/limit']],
  ['a page of 501', () => ['GET', 'groups?limit=501', undefined], ['/query/limit']],
  ['two limits', () => ['GET', 'groups?limit=1&limit=2', undefined], ['/query/limit']],
  ['half a page', () => ['GET', 'events?limit=1.5', undefined], ['/query/limit']],
  ['an unknown parameter', () => ['GET', 'machines?order=name', undefined], ['/query/order']],
  ['an empty cursor', () => ['GET', 'machines?cursor=', undefined], ['/query/cursor']],
  ['a deleted status', () => ['GET', 'groups?status=Deleted', undefined], ['/query/status']],
  [
    'an unknown status',
    () => ['GET', 'machines?keyDeliveryStatus=4', undefined],
    ['/query/keyDeliveryStatus'],
  ],
  [
    'a local time',
    () => ['GET', 'machines?lastHeartbeatBefore=2026-01-01T00:00:00%2B01:00', undefined],
    ['/query/lastHeartbeatBefore'],
  ],
  [
    'a day that is not',
    () => ['GET', 'machines?lastHeartbeatAfter=2026-02-30T00:00:00Z', undefined],
    ['/query/lastHeartbeatAfter'],
  ],
])('%s: refused, with a pointer to each', async ([, request, pointers]) => {
  const problem = await refusal(service, () => service.call(...request()));
  expect(pointersOf(problem)).toEqual(pointers);
});

test.for<[string, () => [string, string, unknown], string[]]>([
  ['a check-in with more', () => checkIn({ status: 'Default' }), ['/body/status']],
  ['a check-in of no version', () => checkIn({ agentVersion: '3.x' }), ['/body/agentVersion']],
  [
    'a key that is more',
    () => checkIn({ keys: [{ version: 1, thumbprint: 'A'.repeat(43), pin: 1 }] }),
    ['/body/keys/0/pin'],
  ],
  ['a key without thumbprint', () => checkIn({ keys: [{ version: 1 }] }), ['/body/keys/0/thumbprint']],
  ['too many keys', () => checkIn({ keys: manyKeys(21) }), ['/body/keys']],
  [
    'a proof of nothing',
    () => ['POST', `${machine.path}/proofs`, { version: 1, proof: '' }],
    ['/body/proof'],
  ],
  ['a key of version 0', () => ['GET', `groups/${group.id}/keys/0/package`, undefined], ['/path/version']],
  [
    'a key of no version',
    () => ['GET', `groups/${group.id}/keys/first/package`, undefined],
    ['/path/version'],
  ],
  [
    'a hand-in with a private key',
    () => ['POST', `groups/${group.id}/keys`, handIn({ privateKey: 'x' })],
    ['/body/privateKey'],
  ],
  [
    'a hand-in of no base64',
    () => ['POST', `groups/${group.id}/keys`, handIn({ certificate: '-' })],
    ['/body/certificate'],
  ],
  [
    'the first password again',
    () => ['PUT', `groups/${group.id}/keys/1/password`, password(1)],
    ['/body/revision'],
  ],
])('of machines, %s: refused, with a pointer to it', async ([, request, pointers]) => {
  const problem = await refusal(service, () => machine.call(...request()));
  expect(pointersOf(problem)).toEqual(pointers);
});

test.for<[string, object, string[]]>([
  ['more', { role: 'Admin' }, ['/body/role']],
  [
    'a key on another curve',
    { identityKey: { kty: 'EC', crv: 'P-384', x: 'a', y: 'b' } },
    ['/body/identityKey/crv', '/body/identityKey/x', '/body/identityKey/y'],
  ],
  ['a machine id that is none', { machineId: 'group' }, ['/body/machineId']],
])('a join with %s: refused, with a pointer to it', async ([, changes, pointers]) => {
  const enrollmentToken = await service.enroll(group.id);
  const joiner = await ProtocolMachine.make(service, group.id);
  const problem = await refusal(service, () => joiner.join(enrollmentToken, changes));
  expect(pointersOf(problem)).toEqual(pointers);
});

test('a join with the private half of its identity is refused, and the answer does not repeat it', async () => {
  const enrollmentToken = await service.enroll(group.id);
  const joiner = await ProtocolMachine.make(service, group.id);
  const jwk = joiner.identity.privateKey.export({ format: 'jwk' });
  service.secrets.add(jwk.d ?? '');
  const problem = await refusal(service, () => joiner.join(enrollmentToken, { identityKey: jwk }));
  expect(pointersOf(problem)).toEqual(['/body/identityKey/d']);
});

test('a join with a point that is not on the curve is refused', async () => {
  const enrollmentToken = await service.enroll(group.id);
  const joiner = await ProtocolMachine.make(service, group.id);
  const identityKey = { ...joiner.identity.publicJwk, y: joiner.identity.publicJwk.x };
  const problem = await refusal(service, () => joiner.join(enrollmentToken, { identityKey }));
  expect(problem.code).toBe('InvalidRequest');
});

function pointersOf({ code, errors }: ProblemDocument): string[] {
  expect(code).toBe('InvalidRequest');
  return (errors ?? []).map(({ pointer }) => pointer);
}

function tokens(): string {
  return `groups/${group.id}/enrollment-tokens`;
}

function checkIn(changes: object): [string, string, unknown] {
  return ['POST', `${machine.path}/check-in`, { agentVersion: '3.0.0', keys: [], ...changes }];
}

function manyKeys(count: number): object[] {
  return Array.from({ length: count }, () => ({ version: 1, thumbprint: 'A'.repeat(43) }));
}

function handIn(changes: object): object {
  return { version: 2, certificate: 'MA==', package: 'MA==', proof: 'a.b.c', ...changes };
}

function password(revision: number): object {
  return { revision, passwordWrap: 'a.b.c.d.e', authorization: 'a.b.c' };
}
