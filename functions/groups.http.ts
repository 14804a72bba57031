// Groups, their renewals and enrollment tokens, for people.
import { operations } from '../shared/api/operations.ts';
import { serve } from '../shared/http/route.ts';
import { createEnrollmentToken, revokeEnrollmentToken } from '../shared/services/enrollment.ts';
import {
  createGroup,
  deleteGroup,
  getGroup,
  groupView,
  listGroups,
  updateGroup,
} from '../shared/services/groups.ts';
import { openRenewal } from '../shared/services/renewals.ts';

serve(operations.createGroup, ({ system, person, body }) => createGroup(system, person, body));

serve(operations.listGroups, ({ system, query }) => listGroups(system, query));

serve(operations.getGroup, ({ system, params }) => getGroup(system, params.groupId));

serve(operations.updateGroup, ({ system, person, params, body }) =>
  updateGroup(system, person, params.groupId, body),
);

serve(operations.deleteGroup, async ({ system, person, params }) => {
  await deleteGroup(system, person, params.groupId);
  return undefined;
});

serve(operations.openRenewal, async ({ system, person, params }) =>
  groupView(system, await openRenewal(system, params.groupId, person)),
);

serve(operations.createEnrollmentToken, ({ system, person, params, body }) =>
  createEnrollmentToken(system, person, params.groupId, body),
);

serve(operations.revokeEnrollmentToken, async ({ system, person, params }) => {
  await revokeEnrollmentToken(system, person, params.groupId, params.tokenId);
  return undefined;
});
