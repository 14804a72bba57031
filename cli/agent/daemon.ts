// The agent as a daemon: checks in when the service says, backs off when something is wrong, and ends only when told to or
// when waiting cannot help. The folder is held only during each check-in, so that a person's command gets its turn.
import { hash } from 'node:crypto';
import { ReceivedProblem, ServiceUnreachable } from '../../shared/api/client.ts';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import { describeError } from '../error-description.ts';
import { durationText } from '../period.ts';
import type { Agent } from './agent.ts';
import { openJoined } from './machine-context.ts';
import { memberCheckIn } from './member-check-in.ts';

const BACKOFF_SECONDS_MIN = 5;
const BACKOFF_SECONDS_MAX = 900;

/**
 * Runs until `signal` aborts.
 * @throws what ends it otherwise: Failure `locked` beside another daemon, `folder`; Problem when the machine was removed
 *   or its group deleted.
 */
export async function runDaemon(agent: Agent, signal: AbortSignal): Promise<void> {
  await agent.folder.asDaemon(async () => {
    let failures = 0;
    while (!signal.aborted) {
      const round = await checkInOnce(agent, failures + 1);
      failures = round.failed ? failures + 1 : 0;
      await agent.clock.sleep(round.waitSeconds, signal);
    }
    agent.report({ event: 'stopped', text: 'Stopped.' });
  });
}

/** A service that knows the group or machine no more may have lost its data or its way for a while; these are its word. */
const ENDS: ReadonlySet<string> = new Set(['MachineRemoved', 'GroupDeleted']);

interface Round {
  readonly failed: boolean;
  readonly waitSeconds: number;
}

async function checkInOnce(agent: Agent, attempt: number): Promise<Round> {
  let machineId = '';
  try {
    const answer = await agent.folder.exclusively(async () => {
      const context = await openJoined(agent);
      ({ machineId } = context.machine);
      return memberCheckIn(context);
    });
    reportAnswer(agent, answer);
    return { failed: false, waitSeconds: answer.nextCheckIn.afterSeconds };
  } catch (error) {
    const { exit, code, message } = describeError(error, { caller: 'machine', now: agent.clock.now() });
    if (ENDS.has(code) || exit === 'folder') throw error;
    const waitSeconds = Math.max(backoffSeconds(machineId, attempt), retryAfterSeconds(error));
    agent.report({
      event: 'retrying',
      code,
      afterSeconds: waitSeconds,
      text: `${message}. Trying again in ${durationText(waitSeconds)}.`,
    });
    return { failed: true, waitSeconds };
  }
}

function reportAnswer(agent: Agent, answer: CheckInAnswer): void {
  const { afterSeconds } = answer.nextCheckIn;
  const needsPerson = answer.actions.some(({ action }) => action === 'rejoin' || action === 'updateAgent');
  agent.report({
    event: needsPerson ? 'attention' : 'checkedIn',
    ...(answer.keyVersion !== null && { version: answer.keyVersion }),
    afterSeconds,
    text: `${answer.keyDeliveryStatus}. ${answer.reason} Next check-in in ${durationText(afterSeconds)}.`,
  });
}

/**
 * Seconds to wait after the `attempt`th failure in a row, from 1: doubling from 5 s to 15 min, to which a hash of machine
 * and attempt adds up to a half, so that machines that failed together do not come back together.
 */
export function backoffSeconds(machineId: string, attempt: number): number {
  const full = Math.min(BACKOFF_SECONDS_MAX / 1.5, BACKOFF_SECONDS_MIN * 2 ** Math.min(attempt - 1, 16));
  const share = Number.parseInt(hash('sha256', `${machineId}:${attempt}`, 'hex').slice(0, 8), 16) / 2 ** 32;
  return Math.round(full * (1 + share / 2));
}

function retryAfterSeconds(error: unknown): number {
  const isTold = error instanceof ReceivedProblem || error instanceof ServiceUnreachable;
  return isTold ? (error.retryAfterSeconds ?? 0) : 0;
}
