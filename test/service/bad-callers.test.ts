// Callers that are not let in: no token or another's, wrong clocks, machines and groups that are no more.
import { CompactSign } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MACHINE_TOKEN_AUDIENCE } from '../../shared/api/check-in.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { addSeconds, fromInstant } from '../../shared/domain/instant.ts';
import type { Answer, RunningService } from './running-service.ts';
import { PEOPLE, startService } from './running-service.ts';
import { ProtocolMachine, cloned, joined } from './protocol-machine.ts';
import { documentsOf, refusal } from './service-state.ts';

let service: RunningService;
let machine: ProtocolMachine;
let other: ProtocolMachine;
let elsewhere: ProtocolMachine;
beforeAll(async () => {
  service = await startService();
  machine = await joined(service, (await service.newGroup()).id);
  [other = machine] = await cloned(machine, 1);
  elsewhere = await joining();
});
afterAll(() => service.stop());

/** A machine of a group without a key: its first check-in took the lease. */
async function joining(): Promise<ProtocolMachine> {
  const { id } = await service.newGroup();
  const joiner = await ProtocolMachine.make(service, id);
  await joiner.join(await service.enroll(id));
  return joiner;
}

function checkIn(token: string | null, by = machine): Promise<Answer> {
  return service.call('POST', `${by.path}/check-in`, { agentVersion: '3.0.0', keys: [] }, token);
}

/** A token of the machine's, but for what is changed in its claims, its header, or by whom it is signed. */
async function forged(claims: object, { header = {}, signer = machine } = {}): Promise<string> {
  const iat = fromInstant(service.clock.now()) / 1000;
  const own = { iss: machine.id, sub: machine.id, aud: MACHINE_TOKEN_AUDIENCE, group: machine.groupId };
  const payload = { ...own, iat, exp: iat + 300, jti: 'x', ...claims };
  return new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', typ: 'keyturn-machine+jwt', ...header })
    .sign(signer.identity.privateKey);
}

function seconds(fromNow: number): number {
  return fromInstant(service.clock.now()) / 1000 + fromNow;
}

test('the token that the forged ones differ from is let in', async () => {
  expect((await checkIn(await forged({}))).status).toBe(200);
});

describe('a machine’s route', () => {
  test.for<[string, ProblemCode, () => string | null | Promise<string>]>([
    ['no token', 'Unauthenticated', () => null],
    ['garbage', 'Unauthenticated', () => 'garbage'],
    ['a JWT of nothing', 'Unauthenticated', () => 'eyJhbGciOiJub25lIn0.e30.'],
    ['a person’s token', 'Unauthenticated', () => PEOPLE.Admin],
    ['another group’s machine', 'WrongGroup', () => elsewhere.token()],
    ['another machine', 'Forbidden', () => other.token()],
    ['another service’s token', 'Unauthenticated', () => forged({ aud: 'https://elsewhere.example' })],
    ['another machine’s signature', 'Unauthenticated', () => forged({}, { signer: other })],
    ['another issuer', 'WrongGroup', () => forged({ iss: other.id })],
    ['another kind of token', 'Unauthenticated', () => forged({}, { header: { typ: 'JWT' } })],
    ['a token without end', 'Unauthenticated', () => forged({ exp: undefined })],
    ['a token of over ten minutes', 'Unauthenticated', () => forged({ exp: seconds(601) })],
    ['a token that ends before it begins', 'Unauthenticated', () => forged({ exp: seconds(-1) })],
  ])('refuses %s with %s', async ([, code, token]) => {
    const presented = await token();
    expect((await refusal(service, () => checkIn(presented))).code).toBe(code);
  });

  test('refuses a token without its signature', async () => {
    const [header, payload] = (await machine.token()).split('.');
    for (const token of [`${header}.${payload}.`, `eyJhbGciOiJub25lIn0.${payload}.`]) {
      expect((await refusal(service, () => checkIn(token))).code).toBe('Unauthenticated');
    }
  });

  test('says with 401 what it wants', async () => {
    expect((await checkIn(null)).headers.get('www-authenticate')).toBe('Bearer');
  });

  test('refuses an authorization that is not a bearer’s', async () => {
    const authorization = `Basic ${Buffer.from('a:b').toString('base64')}`;
    const url = `${service.host.url}/api/${machine.path}/check-in`;
    const response = await fetch(url, { method: 'POST', headers: { authorization } });
    expect(response.status).toBe(401);
  });
});

test.for(['GET groups', 'GET events', 'POST groups'])(
  'people’s %s refuses a machine’s token',
  async (line) => {
    const [method = '', path = ''] = line.split(' ');
    const token = await machine.token();
    const problem = await refusal(service, () => service.call(method, path, undefined, token));
    expect(problem.code).toBe('Unauthenticated');
  },
);

describe('a machine’s clock', () => {
  /** Seconds that it is ahead by; tokens live for 300 s, and 60 s are forgiven either way. */
  test.for([0, 60, -300, -359])('may be ahead by %i s', async (ahead) => {
    const token = await machine.token({ now: addSeconds(service.clock.now(), ahead) });
    expect((await checkIn(token)).status).toBe(200);
  });

  test.for<[number, ProblemCode]>([
    [61, 'AuthTokenNotYetValid'],
    [86_400, 'AuthTokenNotYetValid'],
    [-360, 'AuthTokenExpired'],
    [-86_400, 'AuthTokenExpired'],
  ])('that is ahead by %i s is told so with %s, and the time', async ([ahead, code]) => {
    const now = service.clock.now();
    const token = await machine.token({ now: addSeconds(now, ahead) });
    expect(await refusal(service, () => checkIn(token))).toMatchObject({ code, serverTime: now });
  });

  test('is not the matter when the token is forged: the time is not told', async () => {
    const token = await forged({ iat: seconds(600), exp: seconds(900) }, { signer: other });
    const problem = await refusal(service, () => checkIn(token));
    expect(problem.code).toBe('Unauthenticated');
    expect(problem).not.toHaveProperty('serverTime');
  });

  test('that is right when it joins is asked for there too', async () => {
    const joiner = await ProtocolMachine.make(service, machine.groupId);
    const enrollmentToken = await service.enroll(machine.groupId);
    const { publicJwk: identityKey } = joiner.identity;
    const body = { machineId: joiner.id, name: 'x', agentVersion: '3.0.0', identityKey, enrollmentToken };
    const token = await joiner.token({ now: addSeconds(service.clock.now(), 61) });
    const problem = await refusal(service, () =>
      service.call('POST', `groups/${machine.groupId}/machines`, body, token),
    );
    expect(problem.code).toBe('AuthTokenNotYetValid');
  });

  test('a token that was let in once is refused from its end and a minute on', async () => {
    const start = service.clock.now();
    const token = await machine.token();
    expect((await checkIn(token)).status).toBe(200);
    service.clock.set(addSeconds(start, 359));
    expect((await checkIn(token)).status).toBe(200);
    service.clock.set(addSeconds(start, 360));
    expect((await refusal(service, () => checkIn(token))).code).toBe('AuthTokenExpired');
  });
});

/** Every call that a machine can make. */
function everyCall(caller: ProtocolMachine): [string, () => Promise<Answer>][] {
  const keys = `groups/${caller.groupId}/keys`;
  const body = { version: 1, certificate: 'MA==', package: 'MA==', proof: 'a.b.c' };
  const change = { revision: 2, passwordWrap: 'a.b.c', authorization: 'a.b.c' };
  return [
    ['checkIn', () => caller.checkIn()],
    ['issueKey', () => caller.call('POST', keys, body)],
    ['getKeyPackage', () => caller.getPackage(1)],
    ['proveKey', () => caller.call('POST', `${caller.path}/proofs`, { version: 1, proof: 'a.b.c' })],
    ['setPassword', () => caller.call('PUT', `${keys}/1/password`, change)],
    ['leaveGroup', () => caller.call('POST', `${caller.path}/leave`)],
  ];
}

test('a machine that was removed is refused on every call, and joins no more under its id', async () => {
  const [removed = machine] = await cloned(machine, 1);
  const enrollmentToken = await service.enroll(machine.groupId);
  expect((await removed.checkIn()).status).toBe(200);
  expect((await service.call('DELETE', removed.path)).status).toBe(204);
  const calls = [...everyCall(removed), ['join', () => removed.join(enrollmentToken)] as const];
  for (const [name, call] of calls) {
    expect({ name, ...(await refusal(service, call)) }).toMatchObject({ name, code: 'MachineRemoved' });
  }
  const forgery = await other.token({ machineId: removed.id });
  expect((await refusal(service, () => checkIn(forgery, removed))).code).toBe('Unauthenticated');
});

test('a machine of a group that was deleted is told so on every call, before and after the clean-up', async () => {
  const orphan = await joining();
  const { groupId } = orphan;
  await service.host.drainFeeds();
  expect((await service.call('DELETE', `groups/${groupId}`)).status).toBe(204);
  for (const phase of ['at once', 'after the clean-up']) {
    for (const [name, call] of everyCall(orphan)) {
      expect({ phase, name, code: (await call()).code }).toEqual({ phase, name, code: 'GroupDeleted' });
    }
    await service.host.drainFeeds();
    expect(await documentsOf(service, groupId, 'machine')).toEqual([]);
  }
  expect((await refusal(service, () => service.call('GET', `groups/${groupId}`))).code).toBe('GroupDeleted');
});

test('a machine that no group knows is not let in', async () => {
  const unknown = await ProtocolMachine.make(service, machine.groupId);
  expect((await refusal(service, () => unknown.checkIn())).code).toBe('MachineNotFound');
  const lost = await ProtocolMachine.make(service, unknown.id);
  expect((await refusal(service, () => lost.checkIn())).code).toBe('GroupNotFound');
});
