// Who may call what: every operation of the contract, by every kind of caller. The table is the test's own, so that an
// operation whose caller is changed or forgotten shows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '../../shared/api/operations.ts';
import type { OperationId } from '../../shared/api/operations.ts';
import type { Answer, RunningService } from './running-service.ts';
import { PEOPLE, startService } from './running-service.ts';
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
  join: 'machine',
  checkIn: 'machine',
  issueKey: 'machine',
  getKeyPackage: 'machine',
  proveKey: 'machine',
  setPassword: 'machine',
  health: 'anyone',
  openApi: 'anyone',
};

const KINDS = ['nobody', 'Reader', 'Operator', 'Admin', 'machine'] as const;
type Kind = (typeof KINDS)[number];

type Outcome = 'let through' | 'Unauthenticated' | 'Forbidden';

/** By who may call it, what becomes of each kind of caller, in the order of `KINDS`. */
const OUTCOMES: Record<(typeof CALLERS)[OperationId], readonly Outcome[]> = {
  anyone: ['let through', 'let through', 'let through', 'let through', 'let through'],
  Reader: ['Unauthenticated', 'let through', 'let through', 'let through', 'Unauthenticated'],
  Operator: ['Unauthenticated', 'Forbidden', 'let through', 'let through', 'Unauthenticated'],
  Admin: ['Unauthenticated', 'Forbidden', 'Forbidden', 'let through', 'Unauthenticated'],
  machine: ['Unauthenticated', 'Unauthenticated', 'Unauthenticated', 'Unauthenticated', 'let through'],
};

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

test('every operation of the contract is served, and is in the table', () => {
  expect(Object.keys(operations).toSorted()).toEqual(Object.keys(CALLERS).toSorted());
  expect(service.host.functionNames).toEqual(expect.arrayContaining(Object.keys(operations)));
});

describe.for(Object.keys(operations) as OperationId[])('%s', (id) => {
  test.for(KINDS)('by %s', async (kind) => {
    const { id: groupId } = await service.newGroup();
    const machine = await ProtocolMachine.make(service, groupId);
    const enrollmentToken = await service.enroll(groupId);
    await machine.join(enrollmentToken);
    const answer = await callAs(kind, id, machine, enrollmentToken);
    expect(outcomeOf(answer)).toBe(OUTCOMES[CALLERS[id]][KINDS.indexOf(kind)]);
  });
});

async function callAs(
  kind: Kind,
  id: OperationId,
  machine: ProtocolMachine,
  enrollmentToken: string,
): Promise<Answer> {
  const { method, path } = operations[id];
  const params: Record<string, string> = {
    groupId: machine.groupId,
    machineId: machine.id,
    version: '1',
    tokenId: enrollmentToken.split('.')[2] ?? '',
  };
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  return service.call(method, target, bodyOf(id, machine, enrollmentToken), await tokenOf(kind, machine));
}

/** Whoever joins is told by what it says of itself; elsewhere the caller is looked at before the body. */
function bodyOf(id: OperationId, machine: ProtocolMachine, enrollmentToken: string): object | undefined {
  if (operations[id].method === 'GET') return undefined;
  if (id !== 'join') return {};
  const { id: machineId, name, agentVersion } = machine;
  return { machineId, name, agentVersion, identityKey: machine.identity.publicJwk, enrollmentToken };
}

function tokenOf(kind: Kind, machine: ProtocolMachine): string | null | Promise<string> {
  if (kind === 'nobody') return null;
  return kind === 'machine' ? machine.token() : PEOPLE[kind];
}

/** An answer without a body to an operation that has one would be the host's, which knows no such route. */
function outcomeOf({ status, code, body }: Answer): string {
  if (status === 401 || status === 403) return code ?? `${status} without a code`;
  return status === 204 || body !== undefined ? 'let through' : `${status} without a body`;
}
