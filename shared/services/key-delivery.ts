// Delivery: machines fetch the sealed package, and prove that they hold the key that was in it.
import type { z } from 'zod';
import type { KeyPackageView, proofAnswerSchema, proofBody } from '../api/check-in.ts';
import { Problem } from '../api/problem.ts';
import { parseCertificate } from '../crypto/certificates.ts';
import { verifyProof } from '../crypto/proof.ts';
import { keyDocumentId } from '../domain/group.ts';
import type { Group, GroupKeyDocument } from '../domain/group.ts';
import type { Machine, ProofChallenge } from '../domain/machine.ts';
import { expectedKeyDeliveryStatus } from '../domain/key-delivery-status.ts';
import { isGroupExpired } from '../domain/window.ts';
import type { Stored } from '../ports/document-store.ts';
import { untilNoConflict } from './contention.ts';
import { currentGroup } from './group-transitions.ts';
import { translated } from './key-checks.ts';
import { readCaller } from './machine-callers.ts';
import { provedMachine } from './membership.ts';
import type { System } from './system.ts';

/**
 * The primary key's package. Its wrap for the outgoing certificate is for members that have proved to hold that, and for
 * nobody else: whoever was removed may still have the outgoing key. @throws Problem `KeyNotFound`, `KeyNotPrimary`, `GroupKeyExpired`, `VaultUnavailable`.
 */
export async function getKeyPackage(
  system: System,
  caller: Stored<Machine>,
  version: number,
): Promise<KeyPackageView> {
  const { groupId } = caller.document;
  const { document: group } = await currentGroup(system, groupId);
  refuseUnlessPrimary(system, group, version);
  const { document: key } = await readKey(system, groupId, version);
  const { thumbprint } = key;
  const pkcs12 = await system.vault.get({ groupId, version, thumbprint });
  if (pkcs12 === null)
    throw new Error(`the vault has lost the package of version ${version} of group ${groupId}`);
  return {
    version,
    thumbprint,
    certificate: key.certificate,
    package: Buffer.from(pkcs12).toString('base64'),
    packageDigest: key.packageDigest,
    passwordWrap: key.passwordWrap,
    certificateWrap: holdsOutgoing(caller.document, group) ? key.certificateWrap : null,
    endorsement: key.endorsement,
  };
}

function holdsOutgoing({ membership, keyVersion }: Machine, { secondaryKey }: Group): boolean {
  return membership === 'member' && secondaryKey !== null && keyVersion === secondaryKey.version;
}

/**
 * A proof answers a challenge, once. A joining machine becomes a member by it.
 * @throws Problem `KeyNotPrimary`, `GroupKeyExpired`, `ChallengeUnknown`, `ProofInvalid`.
 */
export function proveKey(
  system: System,
  caller: Stored<Machine>,
  request: z.output<typeof proofBody>,
): Promise<z.input<typeof proofAnswerSchema>> {
  const { groupId, id: machineId } = caller.document;
  const { version, proof } = request;
  let authenticated: Stored<Machine> | null = caller;
  return untilNoConflict(async () => {
    const machine = authenticated ?? (await readCaller(system, groupId, machineId));
    authenticated = null;
    const { document: group } = await currentGroup(system, groupId);
    refuseUnlessPrimary(system, group, version);
    const { value } = openChallenge(system, machine.document, version);
    const { certificate } = (await readKey(system, groupId, version)).document;
    await translated('ProofInvalid', () =>
      verifyProof(proof, { groupId, machineId, version, challenge: value }, parseCertificate(certificate)),
    );
    const now = system.clock.now();
    await system.store.write(groupId, provedMachine(machine, group, version, now));
    return {
      keyDeliveryStatus: expectedKeyDeliveryStatus({ keyVersion: version }, group, now),
      keyVersion: version,
    };
  });
}

/** @throws Problem `GroupHasNoKey`, `GroupKeyExpired`, `KeyNotPrimary`. */
export function refuseUnlessPrimary(system: System, group: Group, version: number): void {
  if (group.primaryKey === null) throw new Problem('GroupHasNoKey', 'The group has no key yet.');
  if (isGroupExpired(group, system.clock.now())) {
    throw new Problem(
      'GroupKeyExpired',
      'The group’s certificate has expired; the group cannot be used any more.',
    );
  }
  if (group.primaryKey.version !== version) {
    throw new Problem(
      'KeyNotPrimary',
      `The group’s newest key is version ${group.primaryKey.version}, not ${version}; check in again.`,
    );
  }
}

/** @throws Problem `KeyNotFound`. */
export async function readKey(
  system: System,
  groupId: string,
  version: number,
): Promise<Stored<GroupKeyDocument>> {
  const stored = await system.store.read<GroupKeyDocument>(groupId, keyDocumentId(version));
  if (stored === null) throw new Problem('KeyNotFound', `Group ${groupId} has no key of version ${version}.`);
  return stored;
}

function openChallenge(system: System, { challenge }: Machine, version: number): ProofChallenge {
  if (challenge === null || challenge.version !== version || system.clock.now() >= challenge.expiresOn) {
    throw new Problem(
      'ChallengeUnknown',
      'This machine has no open challenge for that version: each is good once. Check in again for a new one.',
    );
  }
  return challenge;
}
