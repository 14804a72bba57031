// Joining a group. Machine id and identity are stored before the first call, so that a repeat is the same machine: the
// service answers it the same, and whatever was cut off is carried on with.
import { randomUUID } from 'node:crypto';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import { parseEnrollmentToken } from '../../shared/crypto/enrollment-token.ts';
import { newMachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { durationText } from '../period.ts';
import { Failure } from '../failure.ts';
import type { Agent } from './agent.ts';
import { AgentRecords } from './agent-records.ts';
import type { MachineRecord } from './agent-records.ts';
import { checkIn } from './check-in.ts';
import { machineContext } from './machine-context.ts';
import type { MachineContext } from './machine-context.ts';
import type { GroupPasswordSource } from './passwords.ts';

export interface JoinRequest {
  /** As from `parseServerUrl`. */
  readonly server: string;
  readonly enrollmentToken: string;
  readonly name: string;
  readonly password: GroupPasswordSource;
}

/**
 * Resolves once the machine is a member. A machine that is one already just checks in.
 * @throws Failure `usage` for what is no token, `folder` when the folder is another group's machine; what `checkIn` throws.
 */
export async function join(agent: Agent, request: JoinRequest): Promise<CheckInAnswer> {
  const { groupId } = parseToken(request.enrollmentToken);
  return agent.folder.exclusively(async () => {
    const machine = await ownMachine(agent, { ...request, groupId });
    const context = await machineContext(agent, machine);
    agent.report({ event: 'joining', text: `Joining group ${groupId} as “${machine.name}”.` });
    const answer = await untilMember(context, request);
    if ((await context.records.heldKeys()).length === 0) throw keyLost();
    agent.report({
      event: 'joined',
      text: `“${machine.name}” is a machine of the group “${answer.group.name}”: ${machine.machineId}.`,
    });
    return answer;
  });
}

function keyLost(): Failure {
  return new Failure(
    'refused',
    'This machine is in the group already, and has lost the group’s key',
    'Rejoin with the group password: keyturn agent rejoin',
  );
}

function parseToken(text: string) {
  const token = parseEnrollmentToken(text.trim());
  if (token !== null) return token;
  throw new Failure(
    'usage',
    'That is no enrollment token',
    'One begins with “kt1.” and is shown by keyturn groups enroll GROUP.',
  );
}

async function ownMachine(
  agent: Agent,
  { server, groupId, name }: Omit<MachineRecord, 'machineId'>,
): Promise<MachineRecord> {
  const records = new AgentRecords(agent.folder);
  const known = await records.machine();
  if (known !== null) {
    const isSame = known.server === server && known.groupId === groupId;
    const hasKeys = (await records.heldKeys()).length > 0 || (await records.stagedKey()) !== null;
    if (isSame && (hasKeys || known.name === name)) return known;
    if (hasKeys) throw otherMachine(agent, known);
  }
  // What was tried before never got a key: nothing is lost by beginning anew.
  if (known !== null) await records.clear();
  const machine = { server, groupId, machineId: randomUUID(), name };
  await records.writeMachine(machine, await newMachineIdentity());
  await agent.observe('identity-stored');
  return machine;
}

function otherMachine({ folder }: Agent, { groupId, server }: MachineRecord): Failure {
  return new Failure(
    'folder',
    `${folder.path} is the folder of a machine of group ${groupId} at ${server}`,
    'Leave that group first with keyturn agent leave, or give another --folder.',
  );
}

async function untilMember(
  context: MachineContext,
  { enrollmentToken, password }: JoinRequest,
): Promise<CheckInAnswer> {
  const { agent } = context;
  let answer = await checkIn(context, { password, ask: () => register(context, enrollmentToken.trim()) });
  while (answer.keyDeliveryStatus === null) {
    const { afterSeconds } = answer.nextCheckIn;
    agent.report({
      event: 'waiting',
      afterSeconds,
      text: `${answer.reason} Asking again in ${durationText(afterSeconds)}.`,
    });
    await agent.clock.sleep(afterSeconds);
    answer = await checkIn(context, { password });
  }
  return answer;
}

async function register(
  { agent, machine, identity, service }: MachineContext,
  enrollmentToken: string,
): Promise<CheckInAnswer> {
  const { machineId, name } = machine;
  const answer = await service.join({
    machineId,
    name,
    agentVersion: agent.version,
    identityKey: identity.publicJwk,
    enrollmentToken,
  });
  await agent.observe('join-answered');
  return answer;
}
