// Who may call what: every operation of the contract, by every kind of caller, with both ways of signing in. The table is the
// test's own, so that an operation whose caller is changed or forgotten shows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { functionRegistry } from '../../infra/local/functions-core.ts';
import { triggerOf } from '../../infra/local/invocation.ts';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import { operations } from '../../shared/api/operations.ts';
import type { OperationId } from '../../shared/api/operations.ts';
import type { PeopleAuthenticator } from '../../shared/ports/people-authenticator.ts';
import { startEntraIssuer } from '../adapters/entra-issuer.ts';
import type { Answer, RunningService } from './running-service.ts';
import { PEOPLE, START, startService } from './running-service.ts';
import { ProtocolMachine } from './protocol-machine.ts';

/** The least of people who may call it; or machines alone; or everyone. */
const CALLERS: Record<OperationId, 'anyone' | 'Reader' | 'Operator' | 'Admin' | 'machine'> = {
  createGroup: 'Operator',
  listGroups: 'Reader',
  getGroup: 'Reader',
  updateGroup: 'Operator',
  deleteGroup: 'Admin',
  openRenewal: 'Operator',
  createEnrollmentToken: 'Operator',
  revokeEnrollmentToken: 'Operator',
  listMachines: 'Reader',
  listGroupMachines: 'Reader',
  getMachine: 'Reader',
  removeMachine: 'Operator',
  leaveGroup: 'machine',
  listGroupEvents: 'Reader',
  listEvents: 'Reader',
  countDeadLetters: 'Reader',
  redriveDeadLetters: 'Operator',
  join: 'machine',
  checkIn: 'machine',
  issueKey: 'machine',
  getKeyPackage: 'machine',
  proveKey: 'machine',
  setPassword: 'machine',
  health: 'anyone',
  metrics: 'Reader',
  openApi: 'anyone',
};

const KINDS = ['nobody', 'garbage', 'no role', 'Reader', 'Operator', 'Admin', 'machine'] as const;
type Kind = (typeof KINDS)[number];

type Outcome = 'yes' | 401 | 403;

/** By who may call it, what becomes of each kind of caller, in the order of `KINDS`. */
const OUTCOMES: Record<(typeof CALLERS)[OperationId], readonly Outcome[]> = {
  anyone: ['yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  Reader: [401, 401, 403, 'yes', 'yes', 'yes', 401],
  Operator: [401, 401, 403, 403, 'yes', 'yes', 401],
  Admin: [401, 401, 403, 403, 403, 'yes', 401],
  machine: [401, 401, 401, 401, 401, 401, 'yes'],
};

/** How people are known to a service: their tokens, by kind. */
interface SignIn {
  readonly people?: PeopleAuthenticator;
  readonly tokens: Partial<Record<Kind, string>>;
  readonly stop: () => Promise<void>;
}

async function localSignIn(): Promise<SignIn> {
  return { tokens: { ...PEOPLE, garbage: 'of-nobody' }, stop: () => Promise.resolve() };
}

async function entraSignIn(): Promise<SignIn> {
  const entra = await startEntraIssuer(manualClock(START));
  const tokens = {
    garbage: (await entra.token({ roles: ['Admin'] })).slice(0, -9),
    'no role': await entra.token(),
    Reader: await entra.token({ roles: ['Reader'] }),
    Operator: await entra.applicationToken({ roles: ['Operator'] }),
    Admin: await entra.token({ roles: ['Admin', 'Reader'] }),
  };
  return { people: entra.authenticator(), tokens, stop: () => entra.stop() };
}

describe.for([
  // Whoever has a token made here has a role.
  ['tokens made here', localSignIn, KINDS.filter((kind) => kind !== 'no role')],
  ['Entra ID', entraSignIn, KINDS],
] as const)('signed in with %s', ([, newSignIn, kinds]) => {
  let signIn: SignIn;
  let service: RunningService;
  beforeAll(async () => {
    signIn = await newSignIn();
    const { people } = signIn;
    service = await startService(people && { people });
  });
  afterAll(async () => {
    await service.stop();
    await signIn.stop();
  });

  test('every operation is in the table, and is served; no other route is', () => {
    const ids = Object.keys(operations).toSorted();
    expect(Object.keys(CALLERS).toSorted()).toEqual(ids);
    const served = [...functionRegistry.functions.values()].filter(
      (each) => triggerOf(each).type === 'httpTrigger',
    );
    expect(served.map(({ metadata }) => metadata.name).toSorted()).toEqual(ids);
    expect(service.host.functionNames).toEqual(expect.arrayContaining(ids));
  });

  describe.for(Object.keys(operations) as OperationId[])('%s', (id) => {
    test.for(kinds)('by %s', async (kind) => {
      const world = await newWorld();
      const token = kind === 'machine' ? await world.machine.token() : (signIn.tokens[kind] ?? null);
      const answer = await call(id, world, token);
      expect(outcomeOf(answer)).toBe(OUTCOMES[CALLERS[id]][KINDS.indexOf(kind)]);
    });
  });

  interface World {
    readonly machine: ProtocolMachine;
    readonly enrollmentToken: string;
  }

  async function newWorld(): Promise<World> {
    const admin = signIn.tokens.Admin ?? null;
    const group = await service.call<{ id: string }>('POST', 'groups', { name: 'Line 1' }, admin);
    const machine = await ProtocolMachine.make(service, group.body.id);
    const path = `groups/${machine.groupId}/enrollment-tokens`;
    const { token } = (await service.call<{ token: string }>('POST', path, {}, admin)).body;
    service.secrets.add(token);
    await machine.join(token);
    return { machine, enrollmentToken: token };
  }

  function call(id: OperationId, world: World, token: string | null): Promise<Answer> {
    const { method, path } = operations[id];
    const { machine, enrollmentToken } = world;
    const params: Record<string, string> = {
      groupId: machine.groupId,
      machineId: machine.id,
      version: '1',
      tokenId: enrollmentToken.split('.')[2] ?? '',
    };
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
    return service.call(method, target, bodyOf(id, world), token);
  }

  /** Whoever joins is told by what it says of itself; elsewhere the caller is looked at before the body. */
  function bodyOf(id: OperationId, { machine, enrollmentToken }: World): object | undefined {
    if (operations[id].method === 'GET') return undefined;
    if (id !== 'join') return {};
    const { id: machineId, name, agentVersion } = machine;
    return { machineId, name, agentVersion, identityKey: machine.identity.publicJwk, enrollmentToken };
  }
});

const CODES = { 401: 'Unauthenticated', 403: 'Forbidden' } as const;

/** An answer without a body to an operation that has one would be the host's, which knows no such route. */
function outcomeOf({ status, code, body, headers }: Answer): string | number {
  expect(headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
  if (status === 401 || status === 403) return code === CODES[status] ? status : `${status} ${code}`;
  return status === 204 || body !== undefined ? 'yes' : `${status} without a body`;
}
