// One machine at work: its records, and its calls to the service under its own token.
import type { z } from 'zod';
import { MACHINE_TOKEN_AUDIENCE } from '../../shared/api/check-in.ts';
import type {
  CheckInAnswer,
  checkInBody,
  issueKeyBody,
  joinBody,
  KeyPackageView,
  passwordBody,
  proofBody,
} from '../../shared/api/check-in.ts';
import type { Answer, ServiceClient } from '../../shared/api/client.ts';
import type { MachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { signMachineToken } from '../../shared/crypto/machine-token.ts';
import { secondsBetween } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { Failure } from '../failure.ts';
import type { Agent } from './agent.ts';
import { AgentRecords } from './agent-records.ts';
import type { MachineRecord } from './agent-records.ts';

export interface MachineContext {
  readonly agent: Agent;
  readonly records: AgentRecords;
  readonly machine: MachineRecord;
  readonly identity: MachineIdentity;
  readonly service: MachineService;
}

/** The operations of a machine. Each throws what `ServiceClient` does. */
interface MachineService {
  join(body: z.input<typeof joinBody>): Promise<CheckInAnswer>;
  checkIn(body: z.input<typeof checkInBody>): Promise<CheckInAnswer>;
  issueKey(body: z.input<typeof issueKeyBody>): Promise<Answer<'issueKey'>>;
  fetchPackage(version: number): Promise<KeyPackageView>;
  proveKey(body: z.input<typeof proofBody>): Promise<Answer<'proveKey'>>;
  setPassword(version: number, body: z.input<typeof passwordBody>): Promise<Answer<'setPassword'>>;
  leave(): Promise<void>;
}

/** @throws Failure `folder` when no machine was made in the folder, or it cannot be read. */
export async function openMachine(agent: Agent): Promise<MachineContext> {
  const machine = await new AgentRecords(agent.folder).machine();
  if (machine === null) throw notJoined(agent);
  return machineContext(agent, machine);
}

/**
 * The machine, once it has finished joining.
 * @throws as `openMachine`; Failure `folder` when the joining is not finished: it takes an enrollment token to go on.
 */
export async function openJoined(agent: Agent): Promise<MachineContext> {
  const context = await openMachine(agent);
  if (await hasJoined(context.records)) return context;
  throw joiningUnfinished();
}

/** Whether it was told that it is a member, or holds or made a key. */
export async function hasJoined(records: AgentRecords): Promise<boolean> {
  const answer = (await records.lastCheckIn())?.answer ?? null;
  if (answer !== null && answer.keyDeliveryStatus !== null) return true;
  return (await records.heldKeys()).length > 0 || (await records.stagedKey()) !== null;
}

export function joiningUnfinished(options?: ErrorOptions): Failure {
  return new Failure(
    'folder',
    'This machine has not finished joining its group',
    'Repeat keyturn agent join with the same server and a good token.',
    options,
  );
}

export async function machineContext(agent: Agent, machine: MachineRecord): Promise<MachineContext> {
  const records = new AgentRecords(agent.folder);
  const identity = await records.identity();
  const service = machineService(agent.connect(machine.server), machine, identity, agent.clock);
  return { agent, records, machine, identity, service };
}

export function notJoined({ folder }: Agent): Failure {
  return new Failure(
    'folder',
    `No machine has joined with the folder ${folder.path}`,
    'Join first: keyturn agent join --server URL --token TOKEN',
  );
}

/** A token is used again for this long, seconds, so that the service may remember having verified it. */
const TOKEN_REUSED_SECONDS = 120;
const TOKEN_LIFETIME_SECONDS = 300;

function machineService(
  client: ServiceClient,
  { groupId, machineId }: MachineRecord,
  { privateKey }: MachineIdentity,
  clock: Clock,
): MachineService {
  const group = { groupId };
  const machine = { groupId, machineId };
  let last: { readonly token: string; readonly signedOn: Instant } | null = null;

  async function token(): Promise<string> {
    const now = clock.now();
    const age = last === null ? Infinity : secondsBetween(last.signedOn, now);
    // The clock may have been set back meanwhile.
    if (last !== null && age >= 0 && age < TOKEN_REUSED_SECONDS) return last.token;
    const signed = await signMachineToken(
      { ...machine, audience: MACHINE_TOKEN_AUDIENCE, now, lifetimeSeconds: TOKEN_LIFETIME_SECONDS },
      privateKey,
    );
    last = { token: signed, signedOn: now };
    return signed;
  }

  return {
    join: async (body) => client.call('join', { params: group, body, token: await token() }),
    checkIn: async (body) => client.call('checkIn', { params: machine, body, token: await token() }),
    issueKey: async (body) => client.call('issueKey', { params: group, body, token: await token() }),
    fetchPackage: async (version) =>
      client.call('getKeyPackage', { params: { groupId, version }, token: await token() }),
    proveKey: async (body) => client.call('proveKey', { params: machine, body, token: await token() }),
    setPassword: async (version, body) =>
      client.call('setPassword', { params: { groupId, version }, body, token: await token() }),
    leave: async () => client.call('leaveGroup', { params: machine, token: await token() }),
  };
}
