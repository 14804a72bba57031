// The fixed keys of the vectors and of the tests of shared/crypto. All of them are throw-away keys, published on purpose: they
// protect nothing and must never be used for anything.
import { readFileSync, writeFileSync } from 'node:fs';
import type { GroupKey, GroupKeyPem } from '../../shared/crypto/group-key.ts';
import { groupKeyFromPem, groupKeyToPem, newGroupKey } from '../../shared/crypto/group-key.ts';
import type { MachineIdentity } from '../../shared/crypto/machine-identity.ts';
import {
  machineIdentityFromPem,
  machineIdentityToPem,
  newMachineIdentity,
} from '../../shared/crypto/machine-identity.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { vectorUrl } from './vector-file.ts';

export const GROUP_ID = '0d9c4b52-6c1e-4f0a-9a43-5b7f1e2d3c40';
export const OTHER_GROUP_ID = '7e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b';
export const MACHINE_ID = '3b0f7c1a-92d4-4c55-b6aa-1f6e8d9c0b21';
export const OTHER_MACHINE_ID = '5a6b7c8d-9e0f-4a1b-8c2d-3e4f5a6b7c8d';
export const NOT_BEFORE = '2026-11-21T23:55:00Z' as Instant;
export const NOT_AFTER = '2031-11-22T00:00:00Z' as Instant;

interface KeysFile {
  readonly comment: string;
  readonly groupId: string;
  readonly machineId: string;
  /** Version 1 of the group's key. */
  readonly outgoing: GroupKeyPem;
  /** Version 2 of the group's key. */
  readonly incoming: GroupKeyPem;
  /** Version 2 of another group's key. */
  readonly stranger: GroupKeyPem;
  /** PKCS#8 PEM. */
  readonly machineIdentity: string;
  readonly otherMachineIdentity: string;
}

export interface VectorKeys {
  readonly outgoing: GroupKey;
  readonly incoming: GroupKey;
  readonly stranger: GroupKey;
  readonly machineIdentity: MachineIdentity;
  readonly otherMachineIdentity: MachineIdentity;
}

export function readVectorKeys(): VectorKeys {
  const file = JSON.parse(readFileSync(vectorUrl('keys'), 'utf8')) as KeysFile;
  return {
    outgoing: groupKeyFromPem(file.outgoing),
    incoming: groupKeyFromPem(file.incoming),
    stranger: groupKeyFromPem(file.stranger),
    machineIdentity: machineIdentityFromPem(file.machineIdentity),
    otherMachineIdentity: machineIdentityFromPem(file.otherMachineIdentity),
  };
}

/** New keys for all of the vectors: every other file must then be made anew. */
export async function writeVectorKeys(): Promise<void> {
  const file: KeysFile = {
    comment: 'THROW-AWAY PRIVATE KEYS, published for tests. They protect nothing: never use them.',
    groupId: GROUP_ID,
    machineId: MACHINE_ID,
    outgoing: await newKeyPem(GROUP_ID, 1),
    incoming: await newKeyPem(GROUP_ID, 2),
    stranger: await newKeyPem(OTHER_GROUP_ID, 2),
    machineIdentity: machineIdentityToPem(await newMachineIdentity()),
    otherMachineIdentity: machineIdentityToPem(await newMachineIdentity()),
  };
  writeFileSync(vectorUrl('keys'), `${JSON.stringify(file, null, 2)}\n`);
}

async function newKeyPem(groupId: string, version: number): Promise<GroupKeyPem> {
  return groupKeyToPem(await newGroupKey({ groupId, version, notBefore: NOT_BEFORE, notAfter: NOT_AFTER }));
}
