// Exporting the newest group key that this machine has proved, for other programs.
import { exportPfx } from '../../shared/crypto/exported-pfx.ts';
import { Failure } from '../failure.ts';
import type { Agent } from './agent.ts';
import { AgentRecords } from './agent-records.ts';
import { fromKeyRecord } from './key-records.ts';
import { notJoined } from './machine-context.ts';

/**
 * The PKCS#12 file of the key, under the password.
 * @throws Failure `folder`, `notFound` when no proved key is held; CryptoError `PasswordTooShort`.
 */
export async function exportNewestKey(
  agent: Agent,
  password: () => Promise<string>,
): Promise<{ readonly version: number; readonly pfx: Uint8Array }> {
  const records = new AgentRecords(agent.folder);
  const machine = await records.machine();
  if (machine === null) throw notJoined(agent);
  const newest = (await records.heldKeys()).find(({ provedOn }) => provedOn !== null);
  if (newest === undefined) {
    throw new Failure('notFound', 'This machine holds no group key yet', 'keyturn agent status shows why.');
  }
  const key = fromKeyRecord(newest, machine.groupId);
  return { version: newest.version, pfx: await exportPfx(key, await password()) };
}
