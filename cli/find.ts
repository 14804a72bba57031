// Groups and machines as people name them: by id, or by a name that only one has.
import { idSchema } from '../shared/api/fields.ts';
import type { GroupView } from '../shared/api/group.ts';
import type { MachineView } from '../shared/api/machine.ts';
import { Failure } from './failure.ts';
import type { PeopleSession } from './people-session.ts';

/** @throws Failure `notFound`, or `usage` when several have the name; Problem `GroupNotFound`, `GroupDeleted` for an id. */
export async function findGroup(session: PeopleSession, reference: string): Promise<GroupView> {
  if (isId(reference)) return session.call('getGroup', { params: { groupId: reference } });
  const groups = await session.list('listGroups', {});
  const named = groups.filter(({ name }) => name === reference);
  return only(named, `group “${reference}”`, 'keyturn groups list shows the groups there are.');
}

/** The id alone, without a call where it was given as one: deleted groups keep their audit trail. */
export async function findGroupId(session: PeopleSession, reference: string): Promise<string> {
  return isId(reference) ? reference : (await findGroup(session, reference)).id;
}

/**
 * @param group a reference to its group; null to look in all.
 * @throws as `findGroup`; Problem `MachineNotFound` for an id in a group.
 */
export async function findMachine(
  session: PeopleSession,
  reference: string,
  group: string | null,
): Promise<MachineView> {
  if (group !== null) {
    const groupId = await findGroupId(session, group);
    if (isId(reference)) return session.call('getMachine', { params: { groupId, machineId: reference } });
    return onlyMachine(await session.list('listGroupMachines', { params: { groupId } }), reference);
  }
  return onlyMachine(await session.list('listMachines', {}), reference);
}

function onlyMachine(machines: readonly MachineView[], reference: string): MachineView {
  const matching = machines.filter(({ id, name }) => id === reference || name === reference);
  return only(matching, `machine “${reference}”`, 'keyturn machines list shows the machines there are.');
}

function isId(reference: string): boolean {
  return idSchema.safeParse(reference).success;
}

function only<Found extends { readonly id: string }>(
  found: readonly Found[],
  what: string,
  hint: string,
): Found {
  const [first, ...others] = found;
  if (first === undefined) throw new Failure('notFound', `There is no ${what}`, hint);
  if (others.length === 0) return first;
  const ids = found.map(({ id }) => `  ${id}`).join('\n');
  throw new Failure('usage', `There are ${found.length} of ${what}; give one by its id:\n${ids}`);
}
