// Fetching a key that another machine made: download, trust, open, keep, prove. What is trusted is not the service but
// the key that this machine holds already, which endorses the new one, or the group password, which opens it.
import type { CheckInAction, CheckInAnswer, KeyPackageView } from '../../shared/api/check-in.ts';
import { parseCertificate } from '../../shared/crypto/certificates.ts';
import { verifyEndorsement } from '../../shared/crypto/endorsement.ts';
import { CryptoError } from '../../shared/crypto/errors.ts';
import { openPackage, unwrapWithKey, unwrapWithPassword } from '../../shared/crypto/open-package.ts';
import { signProof } from '../../shared/crypto/proof.ts';
import type { PackageContext } from '../../shared/crypto/wraps.ts';
import { Failure } from '../failure.ts';
import type { HeldKeyRecord } from './agent-records.ts';
import { requirePassword } from './issue-key.ts';
import { fromKeyRecord, toKeyRecord } from './key-records.ts';
import type { MachineContext } from './machine-context.ts';
import type { GroupPasswordSource } from './passwords.ts';

export type FetchAction = Extract<CheckInAction, { action: 'fetchKey' }>;

/**
 * Fetches the key unless it is held already, and proves it. Answers what the service says of the machine then.
 * @throws Failure `untrusted`, `wrongPassword`, `refused` when only the password could help, `folder`; what the client throws.
 */
export async function fetchKey(
  context: MachineContext,
  action: FetchAction,
  password: GroupPasswordSource | null,
): Promise<Awaited<ReturnType<MachineContext['service']['proveKey']>>> {
  const { agent, records, service, machine } = context;
  const keys = await records.heldKeys();
  const held = keys.find(({ version }) => version === action.version);
  const isForeign = held !== undefined && held.thumbprint !== action.thumbprint;
  const byPassword = action.opensWith === 'password' && password !== null;
  if (isForeign && !byPassword) {
    throw untrusted(`it is not the version ${action.version} that this machine holds`);
  }
  if (
    action.opensWith === 'password' &&
    password === null &&
    keys.some(({ provedOn }) => provedOn !== null)
  ) {
    throw untrusted('it comes with a password’s wrap alone, and nobody asked for that');
  }
  const record = held === undefined || isForeign ? await fetchAndKeep(context, action, password) : held;
  const { groupId, machineId } = machine;
  const proof = await signProof(
    { groupId, machineId, version: action.version, challenge: action.challenge },
    fromKeyRecord(record, groupId),
  );
  const answer = await service.proveKey({ version: action.version, proof });
  await agent.observe('key-proved');
  await recordProof(context, record);
  return answer;
}

/** A proof whose answer was lost, or not written down, shows in what the service says of this machine. */
export async function settleProof(context: MachineContext, answer: CheckInAnswer): Promise<void> {
  const held = await context.records.heldKeys();
  const key = held.find(({ thumbprint }) => thumbprint === answer.group.primaryKey?.thumbprint);
  if (key?.provedOn === null && answer.keyVersion === key.version) await recordProof(context, key);
}

async function recordProof({ agent, records }: MachineContext, key: HeldKeyRecord): Promise<void> {
  await records.writeHeldKey({ ...key, provedOn: agent.clock.now() });
  await agent.observe('proof-recorded');
  agent.report({
    event: 'keyReceived',
    version: key.version,
    text: `This machine now holds the group’s key, version ${key.version}.`,
  });
}

async function fetchAndKeep(
  context: MachineContext,
  action: FetchAction,
  password: GroupPasswordSource | null,
): Promise<HeldKeyRecord> {
  const { agent, records, service } = context;
  const outgoing = action.opensWith === 'outgoingKey' ? await outgoingKey(context, action.version) : null;
  const source = action.opensWith === 'password' ? requirePassword(password) : null;
  const given = source && (await source.existing());
  const view = await service.fetchPackage(action.version);
  await agent.observe('package-fetched');
  const record = await openedAtLast(context, { action, view, outgoing }, given, source);
  await agent.observe('package-opened');
  await records.writeHeldKey(record);
  await agent.observe('key-stored');
  return record;
}

interface Opening {
  readonly action: FetchAction;
  readonly view: KeyPackageView;
  readonly outgoing: Awaited<ReturnType<typeof outgoingKey>> | null;
}

/** A person who mistyped the password may be asked again. */
async function openedAtLast(
  context: MachineContext,
  { action, view, outgoing }: Opening,
  given: string | null,
  source: GroupPasswordSource | null,
): Promise<HeldKeyRecord> {
  for (let password = given; ;) {
    try {
      return await opened(context, action, view, outgoing, password);
    } catch (error) {
      const isWrong = error instanceof Failure && error.exit === 'wrongPassword';
      if (!isWrong || source?.wrong?.() !== true) throw error;
      password = await source.existing();
    }
  }
}

async function outgoingKey({ records, machine }: MachineContext, version: number) {
  const outgoing = (await records.heldKeys()).find((held) => held.version === version - 1);
  if (outgoing !== undefined) return fromKeyRecord(outgoing, machine.groupId);
  throw new Failure(
    'refused',
    `This machine lacks version ${version - 1} of the key, which alone could open version ${version}`,
    'Regenerate the group password on an up-to-date machine, then rejoin with it: keyturn agent rejoin',
  );
}

async function opened(
  { machine }: MachineContext,
  action: FetchAction,
  view: KeyPackageView,
  outgoing: Awaited<ReturnType<typeof outgoingKey>> | null,
  password: string | null,
): Promise<HeldKeyRecord> {
  const { groupId } = machine;
  const { version, thumbprint } = action;
  const packageBytes = Buffer.from(view.package, 'base64');
  const context = { groupId, version, thumbprint, packageDigest: view.packageDigest };
  try {
    // Checked before any password is derived or key used, so that nothing is opened for the wrong certificate.
    if (parseCertificate(view.certificate).thumbprint !== thumbprint)
      throw untrusted('its certificate is another');
    if (outgoing !== null) {
      await verifyEndorsement(
        required(view.endorsement, 'an endorsement'),
        { groupId, version, thumbprint },
        outgoing.certificate,
      );
    }
    const secret = await unwrapped(view, context, outgoing, password);
    const key = await openPackage(packageBytes, secret, context);
    return { ...toKeyRecord(key, secret, view.packageDigest), provedOn: null };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    if (error.code === 'WrongPassword') throw wrongPassword(error);
    throw untrusted(error.message, { cause: error });
  }
}

async function unwrapped(
  view: KeyPackageView,
  context: PackageContext,
  outgoing: Awaited<ReturnType<typeof outgoingKey>> | null,
  password: string | null,
): Promise<Uint8Array> {
  if (outgoing !== null) {
    return unwrapWithKey(required(view.certificateWrap, 'a wrap for the outgoing key'), outgoing, context);
  }
  return unwrapWithPassword(required(view.passwordWrap, 'a password wrap'), password ?? '', context);
}

function required(text: string | null, what: string): string {
  if (text === null) throw untrusted(`it comes without ${what}`);
  return text;
}

function wrongPassword(cause: CryptoError): Failure {
  return new Failure(
    'wrongPassword',
    'The group password is wrong',
    'Try again. If nobody knows it: keyturn agent regenerate-password on an up-to-date machine.',
    { cause },
  );
}

function untrusted(why: string, options?: ErrorOptions): Failure {
  return new Failure(
    'untrusted',
    `The key that the service offers cannot be trusted: ${why}`,
    'Nothing was changed. Have the service looked at, or rejoin with a regenerated group password.',
    options,
  );
}
