// Deleting outgoing keys. The service may ask for it, but this machine decides: never its only working key.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { HeldKeyRecord } from './agent-records.ts';
import type { MachineContext } from './machine-context.ts';

/**
 * Why version `version` must be kept for now; null when it may be deleted: a newer key, that this machine has proved, is
 * the group's primary key, and no open window honours the old one.
 */
export function reasonToKeep(
  version: number,
  held: readonly HeldKeyRecord[],
  group: CheckInAnswer['group'],
): string | null {
  const { primaryKey, secondaryKey, renewal } = group;
  if (primaryKey === null || primaryKey.version <= version) return 'the group uses no newer one';
  const newer = held.find(({ thumbprint }) => thumbprint === primaryKey.thumbprint);
  if (newer === undefined || newer.provedOn === null) {
    return `this machine has not proved version ${primaryKey.version}`;
  }
  if (renewal !== null) return 'a renewal window is open';
  return secondaryKey?.version === version ? 'it is still honoured' : null;
}

export async function retireKey(
  { agent, records }: MachineContext,
  version: number,
  group: CheckInAnswer['group'],
): Promise<void> {
  const held = await records.heldKeys();
  if (!held.some((key) => key.version === version)) return;
  const reason = reasonToKeep(version, held, group);
  if (reason !== null) {
    agent.report({
      event: 'keyKept',
      version,
      text: `The service asked to delete version ${version} of the key; it is kept: ${reason}.`,
    });
    return;
  }
  await records.removeHeldKey(version);
  await agent.observe('key-retired');
  agent.report({
    event: 'keyRetired',
    version,
    text: `The private key of version ${version} was deleted: its renewal window has ended.`,
  });
}
