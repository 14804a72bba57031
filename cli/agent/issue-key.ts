// Issuing the group's next key: stage it on disk, send it, then hold it. Version 1 is sealed under the group password;
// every later one for the holders of the outgoing key, which endorses it.
import type { CheckInAction } from '../../shared/api/check-in.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import { sealPackage, wrapForCertificate, wrapForPassword } from '../../shared/crypto/key-package.ts';
import { signProof } from '../../shared/crypto/proof.ts';
import { packageDigest } from '../../shared/crypto/wraps.ts';
import { Failure } from '../failure.ts';
import type { StagedKeyRecord } from './agent-records.ts';
import { fromKeyRecord, packageContext, packageSecret, toKeyRecord } from './key-records.ts';
import type { SealedKeyRecord } from './key-records.ts';
import { joiningUnfinished } from './machine-context.ts';
import type { MachineContext } from './machine-context.ts';
import type { GroupPasswordSource } from './passwords.ts';
import { promoteStagedKey } from './staged-key.ts';

export type IssueAction = Extract<CheckInAction, { action: 'issueKey' }>;

/**
 * @param password null where nobody is there to give one.
 * @throws Failure `refused` without the outgoing key, `untrusted` for a version that is held already, `folder` when the
 *   first key wants a password and there is none; what the service's client throws.
 */
export async function issueKey(
  context: MachineContext,
  action: IssueAction,
  password: GroupPasswordSource | null,
): Promise<void> {
  const { agent, records, service } = context;
  const staged = await stagedFor(context, action, password);
  await records.writeStagedKey(staged);
  await agent.observe('key-staged');
  await service.issueKey(staged.request);
  if (staged.version === 1) password?.accepted();
  await agent.observe('key-issued');
  await promoteStagedKey(context, staged);
  await agent.observe('key-promoted');
}

async function stagedFor(
  context: MachineContext,
  action: IssueAction,
  password: GroupPasswordSource | null,
): Promise<StagedKeyRecord> {
  const { records } = context;
  const known = await records.stagedKey();
  // The same key again, never a second one: the first may be under way to the service and be taken after all.
  // And under the same password: whichever call is taken, its answer is of this one.
  if (known?.challenge === action.challenge) return known;
  const held = await records.heldKeys();
  if (held.some(({ version }) => version >= action.version)) {
    throw new Failure(
      'untrusted',
      `The service asks for version ${action.version} of the key, which this machine holds already`,
      'Its data may have been restored from a backup. Nothing was changed here.',
    );
  }
  const outgoing = held.find(({ version }) => version === action.version - 1);
  if (action.version > 1 && outgoing === undefined) {
    throw new Failure(
      'refused',
      `This machine lacks version ${action.version - 1} of the key, so it cannot make version ${action.version}`,
      'Rejoin with the group password: keyturn agent rejoin',
    );
  }
  return newStagedKey(context, action, outgoing ?? null, password);
}

async function newStagedKey(
  context: MachineContext,
  action: IssueAction,
  outgoing: SealedKeyRecord | null,
  password: GroupPasswordSource | null,
): Promise<StagedKeyRecord> {
  const { agent, machine } = context;
  const { groupId, machineId } = machine;
  const { version, challenge, notBefore, notAfter } = action;
  // Asked for before the work: whoever has no password need not wait for a key.
  if (outgoing === null) await requirePassword(password).chosen();
  agent.report({ event: 'working', version, text: `Making the group’s key, version ${version}.` });
  const key = await agent.newGroupKey({ groupId, version, notBefore, notAfter });
  await agent.observe('key-made');
  const { pkcs12, secret } = await sealPackage(key);
  const record = toKeyRecord(key, secret, packageDigest(pkcs12));
  const request = {
    version,
    certificate: record.certificate,
    package: Buffer.from(pkcs12).toString('base64'),
    proof: await signProof({ groupId, machineId, version, challenge }, key),
    ...(outgoing === null
      ? { passwordWrap: await firstWrap(context, record, password) }
      : await handedOver(key, record, fromKeyRecord(outgoing, groupId))),
  };
  return { ...record, challenge, request };
}

async function firstWrap(
  { machine }: MachineContext,
  record: SealedKeyRecord,
  password: GroupPasswordSource | null,
): Promise<string> {
  const chosen = await requirePassword(password).chosen();
  return wrapForPassword(packageSecret(record), chosen, packageContext(record, machine.groupId));
}

async function handedOver(key: GroupKey, record: SealedKeyRecord, outgoing: GroupKey) {
  const { groupId, version } = key;
  const context = packageContext(record, groupId);
  return {
    certificateWrap: await wrapForCertificate(packageSecret(record), outgoing.certificate, context),
    endorsement: await endorse({ groupId, version, thumbprint: record.thumbprint }, outgoing),
  };
}

/** @throws Failure `folder`: only a joining machine is asked for something that takes the password. */
export function requirePassword(password: GroupPasswordSource | null): GroupPasswordSource {
  if (password !== null) return password;
  throw joiningUnfinished();
}
