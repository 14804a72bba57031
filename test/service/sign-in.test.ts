// A service whose people sign in with Entra ID: what they are told, what is written of them, and what goes on without it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import type { EventView } from '../../shared/api/event.ts';
import type { GroupView } from '../../shared/api/group.ts';
import type { PeopleAuthenticator } from '../../shared/ports/people-authenticator.ts';
import { PERSON, PROGRAM, startEntraIssuer } from '../adapters/entra-issuer.ts';
import type { EntraIssuer } from '../adapters/entra-issuer.ts';
import { joined } from './protocol-machine.ts';
import type { ProtocolMachine } from './protocol-machine.ts';
import { START, startService } from './running-service.ts';
import type { Answer, RunningService } from './running-service.ts';
import { refusal } from './service-state.ts';

let entra: EntraIssuer;
let people: PeopleAuthenticator;
let service: RunningService;
let machine: ProtocolMachine;

beforeAll(async () => {
  entra = await startEntraIssuer(manualClock(START));
  people = { authenticate: () => Promise.resolve({ name: 'the test', role: 'Admin' }) };
  service = await startService({ people: { authenticate: (token) => people.authenticate(token) } });
  machine = await joined(service, (await service.newGroup()).id);
});
/** As on an instance that has just started: it has no keys yet. */
beforeEach(() => {
  entra.answers = null;
  people = entra.authenticator();
});
afterAll(async () => {
  await service.stop();
  await entra.stop();
});

function listGroups(token: string): Promise<Answer> {
  return service.call('GET', 'groups', undefined, token);
}

test('whoever has no role is told to ask for one, and which name that is about', async () => {
  const token = await entra.token({ roles: ['Owner'] });
  const problem = await refusal(service, () => listGroups(token));
  expect(problem.code).toBe('Forbidden');
  expect(problem.detail).toContain(PERSON);
  expect(problem.detail).toContain('ask an administrator');
});

test.for([
  ['a person', PERSON, () => entra.token({ roles: ['Operator'], name: 'The Administrator' })],
  ['a program', `application ${PROGRAM}`, () => entra.applicationToken({ roles: ['Operator'] })],
] as const)('the audit trail names %s as %s', async ([, id, token]) => {
  const bearer = await token();
  const group = await service.call<GroupView>('POST', 'groups', { name: 'Line 2' }, bearer);
  const path = `groups/${group.body.id}/events`;
  const events = await service.call<{ items: EventView[] }>('GET', path, undefined, bearer);
  expect(events.body.items.map(({ actor }) => actor)).toEqual([{ kind: 'person', id }]);
});

describe('while Entra ID gives no keys', () => {
  beforeEach(() => {
    entra.answers = (_, response) => response.writeHead(503).end();
  });

  test('people are told that it passes, and when to come back; why is in the log alone', async () => {
    const token = await entra.token({ roles: ['Admin'] });
    const lines = service.logs.length;
    const problem = await refusal(service, () => listGroups(token));
    expect(problem.code).toBe('SignInUnavailable');
    expect(JSON.stringify(problem)).not.toContain(entra.authority);
    expect(service.logs.slice(lines).join('\n')).toContain(entra.authority);
    expect((await listGroups(token)).headers.get('retry-after')).toBe('30');
  });

  test('garbage and machines’ tokens are no people’s, as ever', async () => {
    for (const token of ['garbage', await machine.token()]) {
      expect((await refusal(service, () => listGroups(token))).code).toBe('Unauthenticated');
    }
  });

  test('machines check in', async () => {
    expect((await machine.checkIn()).status).toBe(200);
  });
});

test('nobody who signs in as a person is a machine', async () => {
  const token = await entra.token({ roles: ['Admin'], sub: machine.id, group: machine.groupId });
  const path = `${machine.path}/check-in`;
  const call = (): Promise<Answer> => service.call('POST', path, { agentVersion: '3.0.0', keys: [] }, token);
  expect((await refusal(service, call)).code).toBe('Unauthenticated');
});
