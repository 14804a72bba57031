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
  return only(named, {
    reference,
    kind: ['group', 'groups'],
    describe: ({ status, createdDate }) => `${status}, created ${createdDate}`,
  });
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
  return only(matching, {
    reference,
    kind: ['machine', 'machines'],
    describe: ({ groupId, keyDeliveryStatus }) => `group ${groupId}, ${keyDeliveryStatus}`,
  });
}

function isId(reference: string): boolean {
  return idSchema.safeParse(reference).success;
}

interface Search<Found> {
  readonly reference: string;
  /** What is looked for, one and several. */
  readonly kind: readonly [one: string, several: string];
  /** What tells namesakes apart, beside the id. */
  readonly describe: (found: Found) => string;
}

function only<Found extends { readonly id: string }>(
  found: readonly Found[],
  { reference, kind: [one, several], describe }: Search<Found>,
): Found {
  const [first, ...others] = found;
  if (first === undefined) {
    const hint = `keyturn ${several} list shows the ${several} there are.`;
    throw new Failure('notFound', `There is no ${one} “${reference}”`, hint);
  }
  if (others.length === 0) return first;
  const candidates = found.map((each) => `  ${each.id}  ${describe(each)}`).join('\n');
  throw new Failure(
    'usage',
    `${found.length} ${several} are named “${reference}”; give one by its id:\n${candidates}`,
  );
}
