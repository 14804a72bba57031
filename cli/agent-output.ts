// What the agent's commands show.
import type { CheckInAnswer } from '../shared/api/check-in.ts';
import { secondsBetween } from '../shared/domain/instant.ts';
import type { Instant } from '../shared/domain/instant.ts';
import type { AgentEvent } from './agent/agent-events.ts';
import type { AgentStatus, HeldKeyStatus } from './agent/status.ts';
import { Failure } from './failure.ts';
import { instantText, keyDeliveryStatusText } from './formats.ts';
import { durationText } from './period.ts';
import { printFacts } from './tables.ts';
import type { Terminal } from './terminal.ts';

/** One event: a line of the result with its time, or a note of its text alone. */
export function printEvent(
  terminal: Terminal,
  timeline: 'result' | 'jsonResult' | 'notes',
  now: Instant,
  event: AgentEvent,
): void {
  switch (timeline) {
    case 'jsonResult':
      terminal.print(JSON.stringify({ time: now, ...event }));
      break;
    case 'result': {
      const isWarning =
        event.event === 'attention' || event.event === 'retrying' || event.event === 'keyKept';
      const text = isWarning ? terminal.style('yellow', event.text) : event.text;
      terminal.print(`${terminal.style('dim', now)}  ${text}`);
      break;
    }
    case 'notes':
      terminal.note(event.text);
      break;
  }
}

export function printAnswer(terminal: Terminal, answer: CheckInAnswer, json: boolean): void {
  if (json) {
    terminal.print(JSON.stringify(answer, null, 2));
    return;
  }
  const next = durationText(answer.nextCheckIn.afterSeconds);
  terminal.print(`${keyDeliveryStatusText(terminal, answer.keyDeliveryStatus)}: ${answer.reason}`);
  terminal.print(`Next check-in in ${next}.`);
}

/** @throws Failure `refused` when only a person can bring the machine up to date. */
export function requireNoPerson(answer: CheckInAnswer): void {
  const actions = new Set(answer.actions.map(({ action }) => action));
  if (actions.has('updateAgent')) {
    throw new Failure('refused', 'This agent is too old to renew', 'Update it; then keyturn agent check-in.');
  }
  if (actions.has('rejoin')) {
    throw new Failure(
      'refused',
      answer.policy === 'KeyLost' ? 'This machine lost its key' : 'This machine missed a renewal',
      'Regenerate the group password on an up-to-date machine; then keyturn agent rejoin.',
    );
  }
  if (answer.policy === 'GroupUnusable') {
    throw new Failure(
      'refused',
      'The group’s key has expired',
      'Delete the group, create a new one, join that.',
    );
  }
}

export function printStatus(terminal: Terminal, status: AgentStatus, now: Instant, json: boolean): void {
  if (json) {
    terminal.print(JSON.stringify(status, null, 2));
    return;
  }
  const { group } = status;
  const gone = GONE_TEXTS[status.lastError?.code ?? ''] ?? null;
  printFacts(terminal, [
    ['Machine', `${status.name} (${status.machineId})`],
    ['Group', group === null ? status.groupId : `${group.name} (${status.groupId}), ${group.status}`],
    ['Service', status.server],
    [
      'Status',
      gone === null ? keyDeliveryStatusText(terminal, status.keyDeliveryStatus) : terminal.style('red', gone),
    ],
    ['Reason', gone === null ? status.reason : null],
    ...status.keys.map((key): [string, string] => ['Holds', heldKeyText(key, now)]),
    ['Staged', status.stagedVersion && `version ${status.stagedVersion}, not confirmed yet`],
    ['Window', group?.renewal && `open until ${instantText(group.renewal.endsOn, now)}`],
    [
      'Password',
      group?.passwordStale ? terminal.style('yellow', 'stale: regenerate it to let machines join') : null,
    ],
    ['Checked in', status.answeredOn && instantText(status.answeredOn, now)],
    ['Next', status.nextCheckInOn && instantText(status.nextCheckInOn, now)],
    ['Last error', status.lastError && terminal.style('red', status.lastError.message)],
  ]);
}

/** By the code of the last error: what was true before is not any more. */
const GONE_TEXTS: Partial<Record<string, string>> = {
  MachineRemoved: 'Removed from its group',
  GroupDeleted: 'Its group was deleted',
};

function heldKeyText({ version, notAfter, provedOn }: HeldKeyStatus, now: Instant): string {
  const left = secondsBetween(now, notAfter);
  const expiry = left > 0 ? `expires in ${durationText(left)}, ${notAfter}` : `expired on ${notAfter}`;
  return `version ${version}, ${expiry}${provedOn === null ? ', not proved yet' : ''}`;
}
