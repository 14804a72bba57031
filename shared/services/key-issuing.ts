// Issuing: the holder of the lease hands in the next key. The package goes to the vault first; then one batch makes the key
// primary. A crash between the two leaves a package that no document names; it is deleted when the window ends.
import type { z } from 'zod';
import type { issueKeyBody } from '../api/check-in.ts';
import type { keyReferenceSchema } from '../api/group.ts';
import { Problem } from '../api/problem.ts';
import { parseCertificate } from '../crypto/certificates.ts';
import type { GroupCertificate } from '../crypto/certificates.ts';
import { packageDigest } from '../crypto/wraps.ts';
import { renewalEvent, singleEvent } from '../domain/event.ts';
import { keyDocumentId } from '../domain/group.ts';
import type { Group, GroupKeyDocument, IssuerLease, KeyReference } from '../domain/group.ts';
import { acceptKey, heldLease } from '../domain/group-transition.ts';
import type { Instant } from '../domain/instant.ts';
import type { Machine } from '../domain/machine.ts';
import type { Stored, WriteOperation } from '../ports/document-store.ts';
import type { PackageName } from '../ports/package-vault.ts';
import { untilNoConflict } from './contention.ts';
import { currentGroup } from './group-transitions.ts';
import { checkKey } from './key-checks.ts';
import type { CheckedKey } from './key-checks.ts';
import { readCaller } from './machine-callers.ts';
import { provedMachine } from './membership.ts';
import type { System } from './system.ts';

type IssueRequest = z.output<typeof issueKeyBody>;
type Answer = z.input<typeof keyReferenceSchema>;

/**
 * Accepts the key, unless another was. Handing in the same key again is answered the same.
 * @throws Problem `LeaseNotHeld`, `KeyAlreadyIssued`, `GroupKeyExpired`, those of `checkKey`, `VaultUnavailable`.
 */
export async function issueKey(
  system: System,
  caller: Stored<Machine>,
  request: IssueRequest,
): Promise<Answer> {
  const { groupId, id: machineId } = caller.document;
  const group = await currentGroup(system, groupId);
  const repeated = await alreadyIssued(system, group.document, machineId, request);
  if (repeated !== null) return repeated;
  const lease = leaseOf(system, group.document, machineId, request.version);
  const checked = await checkKey(groupId, request, lease, await outgoingCertificate(system, group.document));
  const { thumbprint, notBefore, notAfter } = checked.certificate;
  const name: PackageName = { groupId, version: request.version, thumbprint };
  await system.vault.put(name, checked.pkcs12, { notBefore, notAfter });
  try {
    return await untilNoConflict(() => accept(system, caller.document, lease, checked, request));
  } catch (error) {
    if (error instanceof Problem) await deleteIfDecided(system, name, error);
    throw error;
  }
}

/** Makes the key primary, as long as the machine still holds the very lease that it was made for. */
async function accept(
  system: System,
  { groupId, id: machineId }: Machine,
  lease: IssuerLease,
  checked: CheckedKey,
  request: IssueRequest,
): Promise<Answer> {
  const machine = await readCaller(system, groupId, machineId);
  const group = await currentGroup(system, groupId);
  const repeated = await alreadyIssued(system, group.document, machineId, request);
  if (repeated !== null) return repeated;
  const held = leaseOf(system, group.document, machineId, request.version);
  if (held.challenge !== lease.challenge) throw leaseNotHeld(request.version);
  return writeAccepted(system, group, machine, held, checked, request);
}

/**
 * Deletes a package that can never be accepted any more. Until its version is decided, the very same key may still be
 * accepted for another call of the machine's, which would then lack its package: what is left goes when the window ends.
 */
async function deleteIfDecided(system: System, name: PackageName, refusal: Problem): Promise<void> {
  const key = await system.store.read<GroupKeyDocument>(name.groupId, keyDocumentId(name.version));
  const isAnothers = key !== null && key.document.thumbprint !== name.thumbprint;
  if (isAnothers || refusal.code === 'GroupDeleted') await system.vault.delete(name);
}

async function writeAccepted(
  system: System,
  stored: Stored<Group>,
  machine: Stored<Machine>,
  lease: IssuerLease,
  checked: CheckedKey,
  request: IssueRequest,
): Promise<Answer> {
  const { thumbprint, notBefore, notAfter } = checked.certificate;
  const { groupId } = stored.document;
  const now = system.clock.now();
  const key: KeyReference = { version: lease.version, thumbprint, notBefore, notAfter };
  const group = acceptKey(stored.document, lease, key, now);
  const event = renewalEvent('KeyIssued', {
    groupId,
    occurredOn: now,
    actor: { kind: 'machine', id: machine.document.id },
    renewal: key.version,
    machine: machine.document,
    reason: `Version ${key.version} is valid until ${notAfter}.`,
  });
  const operations: WriteOperation[] = [
    { kind: 'replace', document: group, version: stored.version },
    { kind: 'create', document: keyDocument(groupId, lease, checked, request, now) },
    { kind: 'create', document: event },
    ...provedMachine(machine, group, key.version, now),
  ];
  if (key.version === 1)
    operations.push({ kind: 'create', document: firstPassword(group, machine.document, now) });
  await system.store.write(groupId, operations);
  return key;
}

function keyDocument(
  groupId: string,
  { version, machineId }: IssuerLease,
  { certificate, packageDigest }: CheckedKey,
  request: IssueRequest,
  now: Instant,
): GroupKeyDocument {
  return {
    type: 'key',
    id: keyDocumentId(version),
    groupId,
    version,
    thumbprint: certificate.thumbprint,
    certificate: certificate.base64,
    packageDigest,
    passwordWrap: request.passwordWrap ?? null,
    certificateWrap: request.certificateWrap ?? null,
    endorsement: request.endorsement ?? null,
    issuedByMachineId: machineId,
    issuedOn: now,
  };
}

function firstPassword(group: Group, machine: Machine, now: Instant) {
  return singleEvent('PasswordChanged', group.passwordRevision, {
    groupId: group.groupId,
    occurredOn: now,
    actor: { kind: 'machine', id: machine.id },
    renewal: 1,
    machine,
    reason: 'The group’s first machine set its password.',
  });
}

/** The answer for a key that this machine has issued already; null when the version is still to be issued. */
async function alreadyIssued(
  system: System,
  group: Group,
  machineId: string,
  request: IssueRequest,
): Promise<Answer | null> {
  const { primaryKey } = group;
  if (primaryKey === null || request.version > primaryKey.version) return null;
  const issued = await system.store.read<GroupKeyDocument>(group.groupId, keyDocumentId(request.version));
  const isSame =
    issued?.document.certificate === request.certificate &&
    issued.document.passwordWrap === (request.passwordWrap ?? null) &&
    issued.document.packageDigest === packageDigest(Buffer.from(request.package, 'base64'));
  if (
    issued &&
    isSame &&
    issued.document.issuedByMachineId === machineId &&
    request.version === primaryKey.version
  ) {
    return primaryKey;
  }
  throw new Problem('KeyAlreadyIssued', `Version ${request.version} was issued already; check in again.`);
}

function leaseOf(system: System, group: Group, machineId: string, version: number): IssuerLease {
  if (group.status === 'KeyExpired') {
    throw new Problem('GroupKeyExpired', 'The group’s certificate expired before a new key was issued.');
  }
  const lease = heldLease(group, system.clock.now());
  if (lease?.machineId !== machineId || lease.version !== version) throw leaseNotHeld(version);
  return lease;
}

function leaseNotHeld(version: number): Problem {
  return new Problem(
    'LeaseNotHeld',
    `This machine holds no lease to issue version ${version} (any more); check in again to be told what to do.`,
  );
}

async function outgoingCertificate(system: System, group: Group): Promise<GroupCertificate | null> {
  if (group.primaryKey === null) return null;
  const key = await system.store.read<GroupKeyDocument>(
    group.groupId,
    keyDocumentId(group.primaryKey.version),
  );
  if (key === null) throw new Error('every primary key has its document');
  return parseCertificate(key.document.certificate);
}
