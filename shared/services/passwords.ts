// The group password: set by a machine that holds the newest key, as a new wrap of the same package secret.
import type { z } from 'zod';
import type { passwordAnswerSchema, passwordBody } from '../api/check-in.ts';
import { Problem } from '../api/problem.ts';
import { parseCertificate } from '../crypto/certificates.ts';
import { verifyPasswordChange } from '../crypto/proof.ts';
import { PASSWORD_WRAP } from '../crypto/wraps.ts';
import { singleEvent } from '../domain/event.ts';
import type { Group, GroupKeyDocument } from '../domain/group.ts';
import type { Machine } from '../domain/machine.ts';
import type { Stored } from '../ports/document-store.ts';
import { untilNoConflict } from './contention.ts';
import { currentGroup } from './group-transitions.ts';
import { checkWrap, translated } from './key-checks.ts';
import { readKey, refuseUnlessPrimary } from './key-delivery.ts';
import { readCaller } from './machine-callers.ts';
import type { System } from './system.ts';

/**
 * Replaces the password wrap of the primary key. The same request again is answered the same.
 * @throws Problem `KeyNotPrimary`, `KeyNotFound`, `GroupKeyExpired`, `PasswordRevisionTaken`, `WrapInvalid`, `ProofInvalid`, `Forbidden`.
 */
export function setPassword(
  system: System,
  caller: Stored<Machine>,
  version: number,
  request: z.output<typeof passwordBody>,
): Promise<z.input<typeof passwordAnswerSchema>> {
  const { document: machine } = caller;
  const { groupId } = machine;
  if (machine.membership !== 'member')
    throw new Problem('Forbidden', 'Only a member may set the group’s password.');
  return untilNoConflict(async () => {
    await readCaller(system, groupId, machine.id);
    const group = await currentGroup(system, groupId);
    refuseUnlessPrimary(system, group.document, version);
    const key = await readKey(system, groupId, version);
    if (isRepeated(group.document, key.document, request)) return answer(group.document);
    refuseOtherRevision(group.document, request.revision);
    await checkRequest(machine, key.document, request);
    const changed = await write(system, group, key, machine, request);
    return answer(changed);
  });
}

function isRepeated(group: Group, key: GroupKeyDocument, request: z.output<typeof passwordBody>): boolean {
  return group.passwordRevision === request.revision && key.passwordWrap === request.passwordWrap;
}

function refuseOtherRevision({ passwordRevision }: Group, revision: number): void {
  if (revision === passwordRevision + 1) return;
  throw new Problem(
    'PasswordRevisionTaken',
    `The next revision of the password is ${passwordRevision + 1}, not ${revision}: it was changed meanwhile.`,
  );
}

async function checkRequest(
  { id: machineId, groupId }: Machine,
  key: GroupKeyDocument,
  { revision, passwordWrap: wrap, authorization }: z.output<typeof passwordBody>,
): Promise<void> {
  const { version, thumbprint, packageDigest } = key;
  checkWrap(wrap, PASSWORD_WRAP, { groupId, version, thumbprint, packageDigest });
  await translated('ProofInvalid', () =>
    verifyPasswordChange(
      authorization,
      { groupId, machineId, version, revision, wrap },
      parseCertificate(key.certificate),
    ),
  );
}

async function write(
  system: System,
  group: Stored<Group>,
  key: Stored<GroupKeyDocument>,
  machine: Machine,
  request: z.output<typeof passwordBody>,
): Promise<Group> {
  const now = system.clock.now();
  const changed: Group = {
    ...group.document,
    passwordStale: false,
    passwordRevision: request.revision,
    passwordChangedDate: now,
    passwordChangedBy: machine.id,
  };
  const rewrapped: GroupKeyDocument = { ...key.document, passwordWrap: request.passwordWrap };
  const event = singleEvent('PasswordChanged', request.revision, {
    groupId: machine.groupId,
    occurredOn: now,
    actor: { kind: 'machine', id: machine.id },
    machine,
    renewal: rewrapped.version,
    reason: `It opens version ${rewrapped.version} and replaces the password before.`,
  });
  await system.store.write(machine.groupId, [
    { kind: 'replace', document: changed, version: group.version },
    { kind: 'replace', document: rewrapped, version: key.version },
    { kind: 'create', document: event },
  ]);
  return changed;
}

function answer({ passwordRevision, passwordChangedDate }: Group): z.input<typeof passwordAnswerSchema> {
  return { passwordRevision, passwordChangedDate: passwordChangedDate ?? '' };
}
