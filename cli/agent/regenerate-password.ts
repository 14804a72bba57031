// Regenerating the group password: the secret of the primary key's package, which this machine kept, is wrapped anew. The
// key itself is not touched. A lost answer is made good by running it again: the revision tells a change from its repeat.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import { wrapForPassword } from '../../shared/crypto/key-package.ts';
import { signPasswordChange } from '../../shared/crypto/proof.ts';
import { Failure } from '../failure.ts';
import type { Agent } from './agent.ts';
import type { HeldKeyRecord } from './agent-records.ts';
import { fromKeyRecord, packageContext, packageSecret } from './key-records.ts';
import { openJoined } from './machine-context.ts';
import type { MachineContext } from './machine-context.ts';
import { memberCheckIn } from './member-check-in.ts';
import type { GroupPasswordSource } from './passwords.ts';

/** @throws Failure `refused` when this machine lacks the primary key; Problem `PasswordRevisionTaken`; what `checkIn` throws. */
export async function regeneratePassword(
  agent: Agent,
  password: GroupPasswordSource,
): Promise<{ readonly version: number; readonly revision: number }> {
  return agent.folder.exclusively(async () => {
    const context = await openJoined(agent);
    const { group } = await memberCheckIn(context);
    const key = await primaryKey(context, group);
    const revision = group.passwordRevision + 1;
    const { groupId, machineId } = context.machine;
    const wrap = await wrapForPassword(
      packageSecret(key),
      await password.chosen(),
      packageContext(key, groupId),
    );
    await agent.observe('password-wrapped');
    const authorization = await signPasswordChange(
      { groupId, machineId, version: key.version, revision, wrap },
      fromKeyRecord(key, groupId),
    );
    await context.service.setPassword(key.version, { revision, passwordWrap: wrap, authorization });
    password.accepted();
    await agent.observe('password-set');
    return { version: key.version, revision };
  });
}

async function primaryKey(
  { records }: MachineContext,
  { primaryKey }: CheckInAnswer['group'],
): Promise<HeldKeyRecord> {
  const key = (await records.heldKeys()).find(({ thumbprint }) => thumbprint === primaryKey?.thumbprint);
  if (key !== undefined) return key;
  throw new Failure(
    'refused',
    `This machine does not hold the group’s newest key, version ${primaryKey?.version ?? 1}`,
    'Regenerate the password on a machine that does: keyturn machines list --status Default',
  );
}
