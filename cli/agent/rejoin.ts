// Rejoining: a machine that missed a renewal comes back with the group password; it stays the same machine.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { Agent } from './agent.ts';
import { openJoined } from './machine-context.ts';
import { memberCheckIn } from './member-check-in.ts';
import type { GroupPasswordSource } from './passwords.ts';

/**
 * Checks in; when that did not bring the machine up to date, asks to be let in by password.
 * @throws Problem `GroupPasswordStale`, `GroupKeyExpired`, `AgentOutdated` before any password is asked for; what `checkIn` throws.
 */
export async function rejoin(agent: Agent, password: GroupPasswordSource): Promise<CheckInAnswer> {
  return agent.folder.exclusively(async () => {
    const context = await openJoined(agent);
    const answer = await memberCheckIn(context, { password });
    const isAsked = answer.actions.some(({ action }) => action === 'rejoin');
    if (isAsked || answer.keyDeliveryStatus !== 'Default') {
      return memberCheckIn(context, { password, rejoin: true });
    }
    // It was up to date, or could catch up by itself.
    agent.report({ event: 'rejoinUnneeded', text: 'No rejoin was needed.' });
    return answer;
  });
}
