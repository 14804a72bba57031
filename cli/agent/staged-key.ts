// A staged key: made here, on disk, and not confirmed by the service. If the service has taken it, it is the group's
// key and this may be its only copy, so it is dropped only when that has become impossible.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { StagedKeyRecord } from './agent-records.ts';
import type { MachineContext } from './machine-context.ts';

/** Whether the service's answer shows what became of the staged key; `undecided` keeps it. */
function fateOfStagedKey(
  staged: StagedKeyRecord,
  answer: CheckInAnswer,
): 'accepted' | 'impossible' | 'undecided' {
  const { primaryKey, secondaryKey } = answer.group;
  // It is the outgoing one already when this machine was off until the next window: what opens that one's key.
  if ([primaryKey, secondaryKey].some((key) => key?.thumbprint === staged.thumbprint)) return 'accepted';
  if (primaryKey !== null && primaryKey.version >= staged.version) return 'impossible';
  const asked = answer.actions.find(({ action }) => action === 'issueKey');
  const isOtherLease = asked?.action === 'issueKey' && asked.challenge !== staged.challenge;
  return isOtherLease ? 'impossible' : 'undecided';
}

/** Promotes or drops the staged key as the answer shows. Answers the version that was promoted. */
export async function settleStagedKey(
  context: MachineContext,
  answer: CheckInAnswer,
): Promise<number | null> {
  const { records, agent } = context;
  const staged = await records.stagedKey();
  if (staged === null) return null;
  switch (fateOfStagedKey(staged, answer)) {
    case 'accepted': {
      await promoteStagedKey(context, staged);
      await agent.observe('staged-key-promoted');
      return staged.version;
    }
    case 'impossible':
      await records.removeStagedKey();
      agent.report({
        event: 'stagedKeyDropped',
        version: staged.version,
        text: `The key made here for version ${staged.version} was not taken and is dropped.`,
      });
      await agent.observe('staged-key-dropped');
      return null;
    case 'undecided':
      return null;
  }
}

/** Held first, unstaged then: a crash between the two leaves both, and the next check-in settles it. */
export async function promoteStagedKey(context: MachineContext, staged: StagedKeyRecord): Promise<void> {
  const { records, agent } = context;
  const { challenge: _challenge, request: _request, ...key } = staged;
  await records.writeHeldKey({ ...key, provedOn: agent.clock.now() });
  await records.removeStagedKey();
  agent.report({
    event: 'keyIssued',
    version: staged.version,
    text: `The group’s key version ${staged.version} was made here and is now in use.`,
  });
}
