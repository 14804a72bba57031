// Machines as callers: who it is by its token, and whether it is still let in. Membership is read anew at every call, so
// that a machine that was removed is refused at once, everywhere; only the signature's verification is remembered.
import { MACHINE_TOKEN_AUDIENCE } from '../api/check-in.ts';
import { Problem } from '../api/problem.ts';
import type { ProblemCode } from '../api/problem.ts';
import { CryptoError } from '../crypto/errors.ts';
import type { CryptoErrorCode } from '../crypto/errors.ts';
import { readMachineToken, verifyMachineToken } from '../crypto/machine-token.ts';
import type { Instant } from '../domain/instant.ts';
import type { IdentityKey, Machine } from '../domain/machine.ts';
import type { Stored } from '../ports/document-store.ts';
import { refuseUnlessAdmitted } from './enrollment.ts';
import { readGroup } from './group-transitions.ts';
import type { System } from './system.ts';

/**
 * The machine that a bearer token names, as it is stored: joining or a member.
 * @param machineId when the route names a machine, it must be that one.
 * @throws Problem `Unauthenticated`, `WrongGroup`, `Forbidden`, `MachineNotFound`, `MachineRemoved`, `GroupNotFound`,
 *   `GroupDeleted`, `AuthTokenNotYetValid`, `AuthTokenExpired`.
 */
export async function authenticateMachine(
  system: System,
  token: string,
  groupId: string,
  machineId: string | null,
): Promise<Stored<Machine>> {
  const named = readMachineToken(token);
  if (named === null) throw new Problem('Unauthenticated', 'A machine’s call carries a machine token.');
  if (named.groupId !== groupId) throw new Problem('WrongGroup', 'The token is for another group.');
  if (machineId !== null && named.machineId !== machineId) {
    throw new Problem('Forbidden', 'The token is another machine’s.');
  }
  const stored = await readMachine(system, groupId, named.machineId);
  await verifyKnownToken(system, token, stored.document);
  await refuseOutsiders(system, stored.document);
  return stored;
}

/**
 * A caller read again, in the middle of its call: it may have been removed since it was let in.
 * @throws Problem `MachineNotFound`, `MachineRemoved`, `GroupNotFound`, `GroupDeleted`.
 */
export async function readCaller(
  system: System,
  groupId: string,
  machineId: string,
): Promise<Stored<Machine>> {
  const stored = await readMachine(system, groupId, machineId);
  await refuseOutsiders(system, stored.document);
  return stored;
}

async function readMachine(system: System, groupId: string, machineId: string): Promise<Stored<Machine>> {
  const stored = await system.store.read<Machine>(groupId, machineId);
  if (stored?.document.type === 'machine') return stored;
  await readGroup(system, groupId);
  throw new Problem('MachineNotFound', `Group ${groupId} has no machine ${machineId}.`);
}

async function refuseOutsiders(system: System, machine: Machine): Promise<void> {
  if (machine.membership === 'removed') {
    throw new Problem(
      'MachineRemoved',
      `It was removed on ${machine.removedDate}. It comes back only as a new machine, with an enrollment token.`,
    );
  }
  await refuseUnlessAdmitted(system, machine);
}

type TokenOwner = Pick<Machine, 'id' | 'groupId'> & { readonly identityKey: IdentityKey };

interface RememberedMachine {
  /** Always the same object: reading a key costs more than verifying with it, and is done once for each object. */
  readonly identityKey: IdentityKey;
  readonly token: string;
  readonly expiresOn: Instant;
}

/** Machines whose tokens were found good, each with the last one. The one whose token was verified longest ago leaves first. */
const remembered = new Map<string, RememberedMachine>();
/** Some 130 MB of keys. */
const REMEMBERED_MAX = 20_000;

/** A token of a known machine. @throws what `verifyToken` does. */
async function verifyKnownToken(system: System, token: string, machine: TokenOwner): Promise<void> {
  const { id, groupId, identityKey } = machine;
  const owner = `${groupId}/${id}/${identityKey.x}/${identityKey.y}`;
  const known = remembered.get(owner);
  if (known?.token === token && system.clock.now() < known.expiresOn) return;
  const key = known?.identityKey ?? identityKey;
  const expiresOn = await verifyToken(system, token, { id, groupId, identityKey: key });
  remembered.delete(owner);
  remembered.set(owner, { identityKey: key, token, expiresOn });
  if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value ?? '');
}

/**
 * Answers when the token expires. Nothing is remembered of it: whoever joins brings a key of their own choice.
 * @throws Problem `Unauthenticated`, `WrongGroup`, `AuthTokenNotYetValid`, `AuthTokenExpired`.
 */
export async function verifyToken(system: System, token: string, machine: TokenOwner): Promise<Instant> {
  try {
    const { expiresOn } = await verifyMachineToken(token, {
      machineId: machine.id,
      groupId: machine.groupId,
      audience: MACHINE_TOKEN_AUDIENCE,
      publicJwk: machine.identityKey,
      now: system.clock.now(),
    });
    return expiresOn;
  } catch (error) {
    throw tokenProblem(error);
  }
}

const TOKEN_PROBLEMS: Partial<Record<CryptoErrorCode, ProblemCode>> = {
  TokenMalformed: 'Unauthenticated',
  TokenSignatureInvalid: 'Unauthenticated',
  TokenWrongAudience: 'Unauthenticated',
  KeyMalformed: 'Unauthenticated',
  WrongContext: 'WrongGroup',
  TokenNotYetValid: 'AuthTokenNotYetValid',
  TokenExpired: 'AuthTokenExpired',
};

function tokenProblem(error: unknown): unknown {
  const code = error instanceof CryptoError ? TOKEN_PROBLEMS[error.code] : undefined;
  return code === undefined
    ? error
    : new Problem(code, `${(error as CryptoError).message}.`, { cause: error });
}
