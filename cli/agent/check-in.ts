// A check-in: report, be told what to do, do it, write down what it came to. Every part may be cut off at any step; the
// next check-in carries on from what the folder and the service then say.
import type { CheckInAction, CheckInAnswer } from '../../shared/api/check-in.ts';
import { ServiceUnreachable, UnexpectedAnswer } from '../../shared/api/client.ts';
import { Problem } from '../../shared/api/problem.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { addSeconds } from '../../shared/domain/instant.ts';
import { describeError } from '../error-description.ts';
import { Failure } from '../failure.ts';
import { fetchKey, settleProof } from './fetch-key.ts';
import { issueKey } from './issue-key.ts';
import type { MachineContext } from './machine-context.ts';
import type { GroupPasswordSource } from './passwords.ts';
import { retireKey } from './retire-key.ts';
import { settleStagedKey } from './staged-key.ts';

export interface CheckInOptions {
  /** A person is there to give the group password. */
  readonly password?: GroupPasswordSource;
  /** Asks to be let back in by the group password. */
  readonly rejoin?: boolean;
  /** The call that gets the first answer; a check-in unless told otherwise. */
  readonly ask?: () => Promise<CheckInAnswer>;
}

/** What others did meanwhile has overtaken this check-in: ask anew what to do. */
const OVERTAKEN: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'ChallengeUnknown',
  'LeaseNotHeld',
  'KeyAlreadyIssued',
  'KeyNotPrimary',
]);
const ROUNDS_MAX = 4;
const REPORTED_KEYS_MAX = 20;

/**
 * Checks in and does what is asked. Answers the service's answer, with what was done since in it.
 * The caller works exclusively on the folder.
 * @throws Problem, ServiceUnreachable, UnexpectedAnswer; Failure of the actions.
 */
export async function checkIn(context: MachineContext, options: CheckInOptions = {}): Promise<CheckInAnswer> {
  try {
    const answer = await carriedOut(context, options);
    await recordAnswer(context, answer);
    return answer;
  } catch (error) {
    if (isExpected(error)) await recordFailure(context, error);
    throw error;
  }
}

async function carriedOut(context: MachineContext, options: CheckInOptions): Promise<CheckInAnswer> {
  let first = options.ask;
  for (let round = 1; ; round++) {
    try {
      const answer = await (first === undefined ? report(context, options) : first());
      first = undefined;
      requireOwn(context, answer);
      await settleProof(context, answer);
      const promoted = await settleStagedKey(context, answer);
      if (promoted === 1) options.password?.accepted();
      const current = await carryOut(context, answer, options.password ?? null);
      // Issuing changes the group: what it is now, and when to come back, is a new question.
      if (!answer.actions.some(({ action }) => action === 'issueKey') || round === ROUNDS_MAX) return current;
    } catch (error) {
      const isOvertaken = error instanceof Problem && OVERTAKEN.has(error.code);
      if (!isOvertaken || round === ROUNDS_MAX) throw error;
    }
  }
}

async function report(context: MachineContext, { rejoin = false }: CheckInOptions): Promise<CheckInAnswer> {
  const { agent, records, service } = context;
  // A staged key is held too: the service may have taken it already.
  const held = [await records.stagedKey(), ...(await records.heldKeys())].filter((key) => key !== null);
  const keys = held.map(({ version, thumbprint }) => ({ version, thumbprint }));
  // The contract takes so many; the newest, which come first, are what matters.
  const answer = await service.checkIn({
    agentVersion: agent.version,
    keys: keys.slice(0, REPORTED_KEYS_MAX),
    rejoin,
  });
  await agent.observe('check-in-answered');
  return answer;
}

function requireOwn({ machine }: MachineContext, answer: CheckInAnswer): void {
  if (answer.machineId === machine.machineId && answer.groupId === machine.groupId) return;
  throw new UnexpectedAnswer(`${machine.server} answered for another machine`);
}

async function carryOut(
  context: MachineContext,
  answer: CheckInAnswer,
  password: GroupPasswordSource | null,
): Promise<CheckInAnswer> {
  let current = answer;
  for (const action of answer.actions) current = await act(context, action, current, password);
  return current;
}

/** The answer as it is once the action is done. */
async function act(
  context: MachineContext,
  action: CheckInAction,
  answer: CheckInAnswer,
  password: GroupPasswordSource | null,
): Promise<CheckInAnswer> {
  switch (action.action) {
    case 'issueKey':
      await issueKey(context, action, password);
      return done(answer, { keyDeliveryStatus: 'Default', keyVersion: action.version });
    case 'fetchKey':
      return done(answer, await fetchKey(context, action, password));
    case 'retireKey':
      await retireKey(context, action.version, answer.group);
      return answer;
    case 'rejoin':
    case 'updateAgent':
    case 'wait':
      return answer;
  }
}

function done(
  answer: CheckInAnswer,
  now: Pick<CheckInAnswer, 'keyDeliveryStatus' | 'keyVersion'>,
): CheckInAnswer {
  const held = `version ${now.keyVersion}`;
  const reason =
    now.keyDeliveryStatus === 'Default'
      ? `Up to date with ${held}.`
      : `Holds ${held}; the window’s new key is still to come.`;
  return { ...answer, ...now, reason };
}

async function recordAnswer({ agent, records }: MachineContext, answer: CheckInAnswer): Promise<void> {
  const now = agent.clock.now();
  await records.writeLastCheckIn({
    attemptedOn: now,
    error: null,
    answer,
    answeredOn: now,
    nextOn: addSeconds(now, answer.nextCheckIn.afterSeconds),
  });
  await agent.observe('check-in-recorded');
}

/** What says something of the machine, and not only of the command that was given. */
function isExpected(error: unknown): boolean {
  if (error instanceof Failure && (error.exit === 'usage' || error.exit === 'interrupted')) return false;
  return [Problem, ServiceUnreachable, UnexpectedAnswer, Failure].some((known) => error instanceof known);
}

async function recordFailure({ agent, records }: MachineContext, error: unknown): Promise<void> {
  const now = agent.clock.now();
  const before = await records.lastCheckIn();
  const { code, message } = describeError(error, { caller: 'machine', now });
  await records.writeLastCheckIn({
    attemptedOn: now,
    error: { code, message },
    answer: before?.answer ?? null,
    answeredOn: before?.answeredOn ?? null,
    nextOn: null,
  });
}
