// What machines' agents call: joining, checking in, keys and proofs.
import { operations } from '../shared/api/operations.ts';
import { serve } from '../shared/http/route.ts';
import { checkIn } from '../shared/services/check-ins.ts';
import { join } from '../shared/services/joining.ts';
import { getKeyPackage, proveKey } from '../shared/services/key-delivery.ts';
import { issueKey } from '../shared/services/key-issuing.ts';
import { removeMachine } from '../shared/services/machines.ts';
import { setPassword } from '../shared/services/passwords.ts';
import { nameDecision, nameSubject } from '../shared/telemetry/invocations.ts';
import { recordCheckIn } from '../shared/telemetry/measures.ts';

serve(operations.join, ({ system, params, body, bearerToken }) => {
  nameSubject({ machineId: body.machineId });
  return join(system, params.groupId, body, bearerToken);
});

serve(operations.checkIn, async ({ system, machine, body }) => {
  const answer = await checkIn(system, machine, body);
  nameDecision(answer.policy);
  recordCheckIn(answer.policy);
  return answer;
});

serve(operations.issueKey, ({ system, machine, body }) => issueKey(system, machine, body));

serve(operations.getKeyPackage, ({ system, machine, params }) =>
  getKeyPackage(system, machine, params.version),
);

serve(operations.proveKey, ({ system, machine, body }) => proveKey(system, machine, body));

serve(operations.setPassword, ({ system, machine, params, body }) =>
  setPassword(system, machine, params.version, body),
);

serve(operations.leaveGroup, async ({ system, machine, params }) => {
  const actor = { kind: 'machine', id: machine.document.id } as const;
  await removeMachine(system, params.groupId, params.machineId, actor);
  return undefined;
});
