// The HTTP contract, one entry an operation: validation, routing, the OpenAPI page and the clients all come from it.
import { z } from 'zod';
import {
  checkInAnswerSchema,
  checkInBody,
  issueKeyBody,
  joinBody,
  keyPackageSchema,
  passwordAnswerSchema,
  passwordBody,
  proofAnswerSchema,
  proofBody,
} from './check-in.ts';
import {
  createEnrollmentTokenBody,
  enrollmentTokenSchema,
  eventSchema,
  healthSchema,
  listEventsQuery,
} from './event.ts';
import { digitsSchema, idSchema, pageOf } from './fields.ts';
import {
  createGroupBody,
  groupSchema,
  keyReferenceSchema,
  listGroupsQuery,
  updateGroupBody,
} from './group.ts';
import { listMachinesQuery, machineSchema } from './machine.ts';

/** Who may call: anyone; a person with at least that role; or a machine with its own token. */
export type Caller = 'anyone' | 'Reader' | 'Operator' | 'Admin' | 'machine' | 'joiner';

export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  /** In camel case; also the name of the function. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/`, with `{parameter}`s. */
  readonly path: string;
  readonly summary: string;
  readonly caller: Caller;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer: Answer;
}

const nothing = z.strictObject({});
/** No body is asked for; what is sent all the same is not read. */
const noBody = z.undefined();

type Defaults = Operation<typeof nothing, typeof nothing, typeof noBody, typeof noBody>;
type Required = Pick<Operation, 'id' | 'method' | 'path' | 'summary' | 'caller'>;

function operation<Given extends Required & Partial<Operation>>(
  given: Given,
): Omit<Defaults, keyof Given> & Given {
  return { params: nothing, query: nothing, body: noBody, answer: noBody, status: 200 as const, ...given };
}

const groupParams = z.object({ groupId: idSchema });
const machineParams = z.object({ groupId: idSchema, machineId: idSchema });
const keyParams = z.object({ groupId: idSchema, version: digitsSchema(1, 9999) });

export const operations = {
  createGroup: operation({
    id: 'createGroup',
    method: 'POST',
    path: 'groups',
    summary: 'Creates a group without a key; its first machine will make that.',
    caller: 'Operator',
    body: createGroupBody,
    status: 201,
    answer: groupSchema,
  }),
  listGroups: operation({
    id: 'listGroups',
    method: 'GET',
    path: 'groups',
    summary: 'Lists groups.',
    caller: 'Reader',
    query: listGroupsQuery,
    answer: pageOf(groupSchema),
  }),
  getGroup: operation({
    id: 'getGroup',
    method: 'GET',
    path: 'groups/{groupId}',
    summary: 'A group, with its window and its machines by status.',
    caller: 'Reader',
    params: groupParams,
    answer: groupSchema,
  }),
  updateGroup: operation({
    id: 'updateGroup',
    method: 'PATCH',
    path: 'groups/{groupId}',
    summary: 'Changes name, description or policy. A policy applies to the next key.',
    caller: 'Operator',
    params: groupParams,
    body: updateGroupBody,
    answer: groupSchema,
  }),
  deleteGroup: operation({
    id: 'deleteGroup',
    method: 'DELETE',
    path: 'groups/{groupId}',
    summary: 'Deletes a group: its keys are invalid at once.',
    caller: 'Admin',
    params: groupParams,
    status: 204,
  }),
  openRenewal: operation({
    id: 'openRenewal',
    method: 'POST',
    path: 'groups/{groupId}/renewals',
    summary: 'Opens a renewal window now.',
    caller: 'Operator',
    params: groupParams,
    status: 201,
    answer: groupSchema,
  }),
  createEnrollmentToken: operation({
    id: 'createEnrollmentToken',
    method: 'POST',
    path: 'groups/{groupId}/enrollment-tokens',
    summary: 'Makes a token with which machines may join.',
    caller: 'Operator',
    params: groupParams,
    body: createEnrollmentTokenBody,
    status: 201,
    answer: enrollmentTokenSchema,
  }),
  revokeEnrollmentToken: operation({
    id: 'revokeEnrollmentToken',
    method: 'DELETE',
    path: 'groups/{groupId}/enrollment-tokens/{tokenId}',
    summary: 'Revokes an enrollment token.',
    caller: 'Operator',
    params: z.object({ groupId: idSchema, tokenId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) }),
    status: 204,
  }),
  listMachines: operation({
    id: 'listMachines',
    method: 'GET',
    path: 'machines',
    summary: 'Lists the machines of all groups.',
    caller: 'Reader',
    query: listMachinesQuery,
    answer: pageOf(machineSchema),
  }),
  listGroupMachines: operation({
    id: 'listGroupMachines',
    method: 'GET',
    path: 'groups/{groupId}/machines',
    summary: 'Lists a group’s machines.',
    caller: 'Reader',
    params: groupParams,
    query: listMachinesQuery,
    answer: pageOf(machineSchema),
  }),
  getMachine: operation({
    id: 'getMachine',
    method: 'GET',
    path: 'groups/{groupId}/machines/{machineId}',
    summary: 'A machine.',
    caller: 'Reader',
    params: machineParams,
    answer: machineSchema,
  }),
  removeMachine: operation({
    id: 'removeMachine',
    method: 'DELETE',
    path: 'groups/{groupId}/machines/{machineId}',
    summary: 'Removes a machine: it is refused on its next call.',
    caller: 'Operator',
    params: machineParams,
    status: 204,
  }),
  leaveGroup: operation({
    id: 'leaveGroup',
    method: 'POST',
    path: 'groups/{groupId}/machines/{machineId}/leave',
    summary: 'The machine leaves its group.',
    caller: 'machine',
    params: machineParams,
    status: 204,
  }),
  listGroupEvents: operation({
    id: 'listGroupEvents',
    method: 'GET',
    path: 'groups/{groupId}/events',
    summary: 'A group’s audit trail, newest first; kept after the group’s deletion.',
    caller: 'Reader',
    params: groupParams,
    query: listEventsQuery,
    answer: pageOf(eventSchema),
  }),
  listEvents: operation({
    id: 'listEvents',
    method: 'GET',
    path: 'events',
    summary: 'The audit trail of all groups, newest first.',
    caller: 'Reader',
    query: listEventsQuery,
    answer: pageOf(eventSchema),
  }),
  join: operation({
    id: 'join',
    method: 'POST',
    path: 'groups/{groupId}/machines',
    summary:
      'Registers a machine that wants to join, and says what it must do. Repeating it changes nothing.',
    caller: 'joiner',
    params: groupParams,
    body: joinBody,
    answer: checkInAnswerSchema,
  }),
  checkIn: operation({
    id: 'checkIn',
    method: 'POST',
    path: 'groups/{groupId}/machines/{machineId}/check-in',
    summary: 'A machine reports and is told what to do, and when to come back.',
    caller: 'machine',
    params: machineParams,
    body: checkInBody,
    answer: checkInAnswerSchema,
  }),
  issueKey: operation({
    id: 'issueKey',
    method: 'POST',
    path: 'groups/{groupId}/keys',
    summary: 'The holder of the issuer’s lease hands in the group’s next key, sealed.',
    caller: 'machine',
    params: groupParams,
    body: issueKeyBody,
    status: 201,
    answer: keyReferenceSchema,
  }),
  getKeyPackage: operation({
    id: 'getKeyPackage',
    method: 'GET',
    path: 'groups/{groupId}/keys/{version}/package',
    summary: 'A key’s sealed package with its wraps, for the group’s machines.',
    caller: 'machine',
    params: keyParams,
    answer: keyPackageSchema,
  }),
  proveKey: operation({
    id: 'proveKey',
    method: 'POST',
    path: 'groups/{groupId}/machines/{machineId}/proofs',
    summary: 'A machine proves that it holds the group’s newest key.',
    caller: 'machine',
    params: machineParams,
    body: proofBody,
    answer: proofAnswerSchema,
  }),
  setPassword: operation({
    id: 'setPassword',
    method: 'PUT',
    path: 'groups/{groupId}/keys/{version}/password',
    summary: 'A machine that holds the newest key sets the group’s password.',
    caller: 'machine',
    params: keyParams,
    body: passwordBody,
    answer: passwordAnswerSchema,
  }),
  health: operation({
    id: 'health',
    method: 'GET',
    path: 'health',
    summary: 'Whether renewals can happen. 503 when not.',
    caller: 'anyone',
    answer: healthSchema,
  }),
  openApi: operation({
    id: 'openApi',
    method: 'GET',
    path: 'openapi.json',
    summary: 'This contract, as OpenAPI 3.1.',
    caller: 'anyone',
    answer: z.record(z.string(), z.unknown()),
  }),
} as const;

export type OperationId = keyof typeof operations;
