// What the folder says about its machine: no network, no lock.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Agent } from './agent.ts';
import { AgentRecords } from './agent-records.ts';
import type { LastCheckInRecord, MachineRecord } from './agent-records.ts';
import { certificateOf } from './key-records.ts';
import { notJoined } from './machine-context.ts';

export interface HeldKeyStatus {
  readonly version: number;
  readonly thumbprint: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** When the service took this machine's proof of it. */
  readonly provedOn: Instant | null;
}

export interface AgentStatus extends MachineRecord {
  readonly group: CheckInAnswer['group'] | null;
  /** Null while joining, or before the first check-in. */
  readonly keyDeliveryStatus: CheckInAnswer['keyDeliveryStatus'];
  readonly keyVersion: number | null;
  readonly reason: string | null;
  readonly keys: readonly HeldKeyStatus[];
  /** Of a key that was made here and not confirmed yet. */
  readonly stagedVersion: number | null;
  readonly answeredOn: Instant | null;
  readonly nextCheckInOn: Instant | null;
  readonly lastError: LastCheckInRecord['error'];
}

/** @throws Failure `folder`. */
export async function agentStatus(agent: Agent): Promise<AgentStatus> {
  const records = new AgentRecords(agent.folder);
  const machine = await records.machine();
  if (machine === null) throw notJoined(agent);
  const last = await records.lastCheckIn();
  const keys = (await records.heldKeys()).map((key) => {
    const { thumbprint, notBefore, notAfter } = certificateOf(key);
    return { version: key.version, thumbprint, notBefore, notAfter, provedOn: key.provedOn };
  });
  return {
    ...machine,
    group: last?.answer?.group ?? null,
    keyDeliveryStatus: last?.answer?.keyDeliveryStatus ?? null,
    keyVersion: last?.answer?.keyVersion ?? null,
    reason: last?.answer?.reason ?? null,
    keys,
    stagedVersion: (await records.stagedKey())?.version ?? null,
    answeredOn: last?.answeredOn ?? null,
    nextCheckInOn: last?.nextOn ?? null,
    lastError: last?.error ?? null,
  };
}
