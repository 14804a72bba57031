// A fleet written straight into a store: groups and machines as they are long after they joined. Ids look random, as
// real ones do, and follow from the index alone; machines share a few identity keys, since making 100,000 takes minutes.
import { createHash, randomBytes } from 'node:crypto';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { systemClock } from '../../shared/adapters/system-clock.ts';
import { newMachineIdentity } from '../../shared/crypto/machine-identity.ts';
import type { MachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { GROUP_DOCUMENT_ID } from '../../shared/domain/group.ts';
import type { Group } from '../../shared/domain/group.ts';
import { scheduled } from '../../shared/domain/group-transition.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import { GRACE_MINUTES_DEFAULT, VALIDITY_MINUTES_DEFAULT } from '../../shared/domain/policy.ts';
import { BATCH_OPERATIONS_MAX } from '../../shared/ports/document-store.ts';
import type { DocumentStore, FleetDocument } from '../../shared/ports/document-store.ts';

export function groupIdOf(index: number): string {
  return uuidOf(`group ${index}`);
}

export function machineIdOf(index: number): string {
  return uuidOf(`machine ${index}`);
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const THUMBPRINT = createHash('sha256').update('a certificate').digest('base64url');

/** An active group with key 1, made at `keyCreationDate`. */
export function groupDocument(index: number, keyCreationDate: Instant): Group {
  const notAfter = addMinutes(keyCreationDate, VALIDITY_MINUTES_DEFAULT);
  return scheduled({
    type: 'group',
    id: GROUP_DOCUMENT_ID,
    groupId: groupIdOf(index),
    name: `Packing line ${index}`,
    description: '',
    status: 'Active',
    groupKeyValidityPeriod: VALIDITY_MINUTES_DEFAULT,
    groupKeyExpiryGracePeriod: GRACE_MINUTES_DEFAULT,
    keyCreationDate,
    keyExpiryDate: notAfter,
    primaryKey: { version: 1, thumbprint: THUMBPRINT, notBefore: keyCreationDate, notAfter },
    secondaryKey: null,
    renewal: null,
    issuerLease: null,
    passwordStale: false,
    passwordRevision: 1,
    passwordChangedDate: keyCreationDate,
    passwordChangedBy: machineIdOf(0),
    createdDate: keyCreationDate,
    nextActionOn: null,
  });
}

export function newIdentities(count: number): Promise<readonly MachineIdentity[]> {
  return Promise.all(Array.from({ length: count }, () => newMachineIdentity()));
}

/** Of the pool that the machines share. */
export function identityOf(identities: readonly MachineIdentity[], machine: number): MachineIdentity {
  const identity = identities[machine % identities.length];
  if (identity === undefined) throw new Error('there are no identities');
  return identity;
}

/** A member that holds key 1 and was heard of at `lastHeartbeatDate`. */
export function machineDocument(
  index: number,
  groupId: string,
  identities: readonly MachineIdentity[],
  lastHeartbeatDate: Instant,
): Machine {
  return {
    type: 'machine',
    id: machineIdOf(index),
    groupId,
    name: `bot-${index}`,
    membership: 'member',
    agentVersion: '3.0.0',
    identityKey: identityOf(identities, index).publicJwk,
    enrollmentTokenId: `token:${randomBytes(8).toString('hex')}`,
    admittedUntil: lastHeartbeatDate,
    keyDeliveryStatus: 'Default',
    keyVersion: 1,
    keyReceivedDate: lastHeartbeatDate,
    lastHeartbeatDate,
    registeredDate: lastHeartbeatDate,
    challenge: null,
    removedDate: null,
  };
}

/** Batches under way at a time: enough for the store to commit several together. */
const IN_FLIGHT = 16;

/** Creates the documents of each partition, in batches as large as they may be. */
export async function createAll(
  store: DocumentStore,
  partitions: Iterable<{ readonly groupId: string; readonly documents: readonly FleetDocument[] }>,
): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  for (const { groupId, documents } of partitions) {
    for (let start = 0; start < documents.length; start += BATCH_OPERATIONS_MAX) {
      const batch = documents.slice(start, start + BATCH_OPERATIONS_MAX);
      const write = store
        .write(
          groupId,
          batch.map((document) => ({ kind: 'create', document })),
        )
        .finally(() => underWay.delete(write));
      underWay.add(write);
      if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
    }
  }
  await Promise.all(underWay);
}

/** Writes active groups and their machines into a new store. */
export async function seedFleet(
  file: string,
  fleet: {
    readonly machines: number;
    readonly machinesPerGroup: number;
    readonly identities: readonly MachineIdentity[];
  },
): Promise<void> {
  const { machines, machinesPerGroup, identities } = fleet;
  const now = systemClock().now();
  const store = sqliteDocumentStore({ file });
  function* groups() {
    for (let first = 0; first < machines; first += machinesPerGroup) {
      const index = first / machinesPerGroup;
      const groupId = groupIdOf(index);
      const members = Array.from({ length: Math.min(machinesPerGroup, machines - first) }, (_, i) =>
        machineDocument(first + i, groupId, identities, now),
      );
      yield { groupId, documents: [groupDocument(index, addMinutes(now, -60 * 24 * 30)), ...members] };
    }
  }
  await createAll(store, groups());
  await store.close();
}
