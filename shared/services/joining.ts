// Joining: an enrollment token admits a machine to try; it is a member once it has proved that it holds a group key.
import type { z } from 'zod';
import type { CheckInAnswer, joinBody } from '../api/check-in.ts';
import { Problem } from '../api/problem.ts';
import { CryptoError } from '../crypto/errors.ts';
import { parsePublicJwk } from '../crypto/machine-identity.ts';
import type { EnrollmentToken } from '../domain/enrollment-token.ts';
import type { Machine } from '../domain/machine.ts';
import type { Stored } from '../ports/document-store.ts';
import { checkIn, planCheckIn } from './check-ins.ts';
import type { Report } from './check-ins.ts';
import { untilNoConflict } from './contention.ts';
import { goodToken, spent } from './enrollment.ts';
import { currentGroup } from './group-transitions.ts';
import { verifyToken } from './machine-callers.ts';
import type { System } from './system.ts';

type JoinRequest = z.output<typeof joinBody>;

/**
 * Registers the machine as joining and says what it must do. The same machine may ask again, before and after it has
 * become a member; that uses up nothing.
 * @throws Problem of `goodToken`, `spent` and `checkIn`; `MachineIdTaken`, `MachineRemoved`, `Unauthenticated`.
 */
export async function join(
  system: System,
  groupId: string,
  request: JoinRequest,
  bearerToken: string,
): Promise<CheckInAnswer> {
  const identityKey = identityKeyOf(request);
  await verifyToken(system, bearerToken, { id: request.machineId, groupId, identityKey });
  const machine = await untilNoConflict(() => register(system, groupId, request));
  return checkIn(system, machine, reportOf(request));
}

function identityKeyOf({ identityKey }: JoinRequest): Machine['identityKey'] {
  try {
    return parsePublicJwk(identityKey);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new Problem('InvalidRequest', 'identityKey must be a point on P-256.', { cause: error });
  }
}

async function register(system: System, groupId: string, request: JoinRequest): Promise<Stored<Machine>> {
  const known = await system.store.read<Machine>(groupId, request.machineId);
  if (known !== null) refuseOthers(known.document, request);
  if (known?.document.membership === 'member') return known;
  const token = await goodToken(system, groupId, request.enrollmentToken);
  if (known?.document.enrollmentTokenId === token.document.id) return known;
  return admit(system, request, token, known);
}

/** Writes the machine as joining, and the token as used once more. */
async function admit(
  system: System,
  request: JoinRequest,
  token: Stored<EnrollmentToken>,
  known: Stored<Machine> | null,
): Promise<Stored<Machine>> {
  const { groupId } = token.document;
  const group = await currentGroup(system, groupId);
  const machine = newMachine(groupId, request, token.document);
  // A machine that could not join anyway must not use up the token.
  planCheckIn(system, machine, group.document, reportOf(request), system.clock.now());
  const [version] = await system.store.write(groupId, [
    known === null
      ? { kind: 'create', document: machine }
      : { kind: 'replace', document: machine, version: known.version },
    { kind: 'replace', document: spent(token.document), version: token.version },
  ]);
  if (!version) throw new Error('the store answers each write with its version');
  return { document: machine, version };
}

function reportOf({ agentVersion }: JoinRequest): Report {
  return { agentVersion, keys: null, rejoin: false };
}

function refuseOthers(known: Machine, { machineId, identityKey }: JoinRequest): void {
  if (
    known.type !== 'machine' ||
    known.identityKey.x !== identityKey.x ||
    known.identityKey.y !== identityKey.y
  ) {
    throw new Problem('MachineIdTaken', `Another machine of the group has the id ${machineId}.`);
  }
  if (known.membership === 'removed') {
    throw new Problem(
      'MachineRemoved',
      'It was removed from the group. It comes back only as a new machine.',
    );
  }
}

function newMachine(groupId: string, request: JoinRequest, token: EnrollmentToken): Machine {
  return {
    type: 'machine',
    id: request.machineId,
    groupId,
    name: request.name,
    membership: 'joining',
    agentVersion: request.agentVersion,
    identityKey: request.identityKey,
    enrollmentTokenId: token.id,
    admittedUntil: token.expiresOn,
    keyDeliveryStatus: null,
    keyVersion: null,
    keyReceivedDate: null,
    lastHeartbeatDate: null,
    registeredDate: null,
    challenge: null,
    removedDate: null,
  };
}
