// Machines and the audit trail, for people.
import { operations } from '../shared/api/operations.ts';
import { serve } from '../shared/http/route.ts';
import { listEvents } from '../shared/services/events.ts';
import { getMachine, listMachines, removeMachine } from '../shared/services/machines.ts';

serve(operations.listMachines, ({ system, query }) => listMachines(system, null, query));

serve(operations.listGroupMachines, ({ system, params, query }) =>
  listMachines(system, params.groupId, query),
);

serve(operations.getMachine, ({ system, params }) => getMachine(system, params.groupId, params.machineId));

serve(operations.removeMachine, async ({ system, person, params }) => {
  const actor = { kind: 'person', id: person.name } as const;
  await removeMachine(system, params.groupId, params.machineId, actor);
  return undefined;
});

serve(operations.listEvents, ({ system, query }) => listEvents(system, null, query));

serve(operations.listGroupEvents, ({ system, params, query }) => listEvents(system, params.groupId, query));
