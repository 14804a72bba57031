// Machines, for people; and their removal.
import type { z } from 'zod';
import type { listMachinesQuery, MachineView } from '../api/machine.ts';
import { Problem } from '../api/problem.ts';
import { agentCanRenew } from '../domain/agent-version.ts';
import { singleEvent } from '../domain/event.ts';
import type { Actor } from '../domain/event.ts';
import type { Group } from '../domain/group.ts';
import type { Machine } from '../domain/machine.ts';
import type { Condition, Stored, WriteOperation } from '../ports/document-store.ts';
import { untilNoConflict } from './contention.ts';
import { readGroup } from './group-transitions.ts';
import type { System } from './system.ts';

/** Members of one group, or of all when `groupId` is null. */
export async function listMachines(
  system: System,
  groupId: string | null,
  query: z.output<typeof listMachinesQuery>,
): Promise<{ items: MachineView[]; cursor: string | null }> {
  if (groupId !== null) await readGroup(system, groupId);
  const where: Condition[] = [{ field: 'membership', is: '=', value: 'member' }];
  if (query.keyDeliveryStatus)
    where.push({ field: 'keyDeliveryStatus', is: '=', value: query.keyDeliveryStatus });
  if (query.agentVersion) where.push({ field: 'agentVersion', is: '=', value: query.agentVersion });
  if (query.lastHeartbeatBefore) {
    where.push({ field: 'lastHeartbeatDate', is: '<', value: query.lastHeartbeatBefore });
  }
  if (query.lastHeartbeatAfter) {
    where.push({ field: 'lastHeartbeatDate', is: '>', value: query.lastHeartbeatAfter });
  }
  const page = await system.store.query<Machine>({
    type: 'machine',
    ...(groupId !== null && { groupId }),
    where,
    limit: query.limit,
    cursor: query.cursor ?? null,
  });
  return { items: page.items.map(({ document }) => machineView(system, document)), cursor: page.cursor };
}

export async function getMachine(system: System, groupId: string, machineId: string): Promise<MachineView> {
  await readGroup(system, groupId);
  return machineView(system, (await readMember(system, groupId, machineId)).document);
}

/**
 * Removes a machine, joining or a member: it is refused on its next call and gets nothing any more. What it holds it keeps:
 * the group's present key is out of its hands only after the next renewal. @throws Problem `MachineNotFound`.
 */
export async function removeMachine(
  system: System,
  groupId: string,
  machineId: string,
  actor: Actor,
): Promise<void> {
  await untilNoConflict(async () => {
    const group = await readGroup(system, groupId);
    const { document: machine, version } = await readPresent(system, groupId, machineId);
    const now = system.clock.now();
    const removed: Machine = {
      ...machine,
      membership: 'removed',
      keyDeliveryStatus: null,
      challenge: null,
      removedDate: now,
    };
    const event = singleEvent('MachineRemoved', 1, {
      groupId,
      occurredOn: now,
      actor,
      machine,
      reason: actor.kind === 'machine' ? 'It left its group.' : 'It was removed from its group.',
    });
    await system.store.write(groupId, [
      { kind: 'replace', document: removed, version },
      { kind: 'create', document: event },
      ...freedLease(group, machineId),
    ]);
  });
}

/** Others need not wait for the lease of a machine that is gone. */
function freedLease(group: Stored<Group>, machineId: string): WriteOperation[] {
  if (group.document.issuerLease?.machineId !== machineId) return [];
  const document: Group = { ...group.document, issuerLease: null };
  return [{ kind: 'replace', document, version: group.version }];
}

async function readMember(system: System, groupId: string, machineId: string): Promise<Stored<Machine>> {
  const stored = await readPresent(system, groupId, machineId);
  if (stored.document.membership === 'member') return stored;
  throw machineNotFound(groupId, machineId);
}

async function readPresent(system: System, groupId: string, machineId: string): Promise<Stored<Machine>> {
  const stored = await system.store.read<Machine>(groupId, machineId);
  if (stored?.document.type === 'machine' && stored.document.membership !== 'removed') return stored;
  throw machineNotFound(groupId, machineId);
}

function machineNotFound(groupId: string, machineId: string): Problem {
  return new Problem('MachineNotFound', `Group ${groupId} has no machine ${machineId}.`);
}

export function machineView(system: System, machine: Machine): MachineView {
  if (machine.keyDeliveryStatus === null) throw new Error('only members are shown');
  return {
    id: machine.id,
    groupId: machine.groupId,
    name: machine.name,
    agentVersion: machine.agentVersion,
    agentCanRenew: agentCanRenew(machine.agentVersion, system.settings.minimumAgentVersion),
    keyDeliveryStatus: machine.keyDeliveryStatus,
    keyVersion: machine.keyVersion,
    keyReceivedDate: machine.keyReceivedDate,
    lastHeartbeatDate: machine.lastHeartbeatDate,
    registeredDate: machine.registeredDate,
  };
}
