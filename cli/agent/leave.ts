// Leaving the group: the service is told, then everything here is deleted, the keys first.
import { ServiceUnreachable, UnexpectedAnswer } from '../../shared/api/client.ts';
import { Problem } from '../../shared/api/problem.ts';
import { isGone } from '../error-description.ts';
import { Failure } from '../failure.ts';
import type { Agent } from './agent.ts';
import { AgentRecords } from './agent-records.ts';
import { hasJoined, notJoined, openMachine } from './machine-context.ts';

export interface Leaving {
  /** Whether the service knows that the machine is not in the group. */
  readonly told: boolean;
  /** Whether the machine had ever joined. */
  readonly wasMember: boolean;
}

/**
 * @param force forgets the group here whatever the service says, or does not say; it may go on listing the machine.
 * @throws Failure `folder`; what the client throws, but for problems that say that the machine has gone already.
 */
export async function leave(agent: Agent, force: boolean): Promise<Leaving> {
  return agent.folder.exclusively(async () => {
    const records = new AgentRecords(agent.folder);
    if (!force && (await records.machine()) === null) {
      // A leaving that was cut off at its end may have left the identity behind.
      await records.clear();
      throw notJoined(agent);
    }
    // What cannot be read any more is forgotten all the same when it is to be by force.
    const wasMember = await hasJoined(records).catch((error: unknown) => {
      if (!force) throw error;
      return true;
    });
    const told = await tell(agent, { force, wasMember });
    await records.clear();
    await agent.observe('folder-emptied');
    return { told, wasMember };
  });
}

async function tell(
  agent: Agent,
  { force, wasMember }: { readonly force: boolean; readonly wasMember: boolean },
): Promise<boolean> {
  try {
    const { service } = await openMachine(agent);
    await service.leave();
    await agent.observe('group-left');
    return true;
  } catch (error) {
    if (isGone(error) || (!wasMember && isNotAdmitted(error))) return true;
    if (!force || !isForgivable(error)) throw error;
    agent.report({ event: 'attention', text: `The service could not be told: ${error.message}.` });
    return false;
  }
}

function isNotAdmitted(error: unknown): boolean {
  const codes: readonly string[] = ['EnrollmentTokenInvalid', 'EnrollmentTokenExpired'];
  return error instanceof Problem && codes.includes(error.code);
}

function isForgivable(error: unknown): error is Error {
  return [Problem, ServiceUnreachable, UnexpectedAnswer, Failure].some((known) => error instanceof known);
}
