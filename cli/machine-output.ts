// Machines for people.
import type { MachineView } from '../shared/api/machine.ts';
import { secondsBetween } from '../shared/domain/instant.ts';
import type { Instant } from '../shared/domain/instant.ts';
import { instantText, keyDeliveryStatusText, STATUS_LEGEND } from './formats.ts';
import { durationText } from './period.ts';
import { printFacts, printTable, sortedByName } from './tables.ts';
import type { Terminal } from './terminal.ts';

export function printMachines(terminal: Terminal, machines: readonly MachineView[], now: Instant): void {
  if (machines.length === 0) {
    terminal.note('There are no such machines.');
    return;
  }
  printTable(
    terminal,
    ['NAME', 'STATUS', 'KEY', 'AGENT', 'LAST HEARTBEAT', 'ID'],
    sortedByName(machines).map((machine) => [
      machine.name,
      keyDeliveryStatusText(terminal, machine.keyDeliveryStatus),
      machine.keyVersion === null ? '-' : String(machine.keyVersion),
      agentText(terminal, machine),
      heartbeatText(machine, now) ?? 'never',
      machine.id,
    ]),
  );
  const isPlain = machines.every(({ keyDeliveryStatus }) => keyDeliveryStatus === 'Default');
  if (!isPlain) terminal.note(terminal.noteStyle('dim', STATUS_LEGEND));
}

export function printMachine(terminal: Terminal, machine: MachineView, now: Instant): void {
  const heartbeat = heartbeatText(machine, now);
  printFacts(terminal, [
    ['Machine', `${terminal.style('bold', machine.name)} (${machine.id})`],
    ['Group', machine.groupId],
    [
      'Status',
      `${keyDeliveryStatusText(terminal, machine.keyDeliveryStatus)}. ${terminal.commands(MEANINGS[machine.keyDeliveryStatus])}`,
    ],
    ['Key', machine.keyVersion === null ? 'none' : `version ${machine.keyVersion}`],
    ['Received', machine.keyReceivedDate && instantText(machine.keyReceivedDate, now)],
    ['Agent', agentText(terminal, machine)],
    ['Last heartbeat', heartbeat && `${heartbeat}, kept to a few hours`],
    ['Registered', machine.registeredDate && instantText(machine.registeredDate, now)],
  ]);
}

const MEANINGS: Record<MachineView['keyDeliveryStatus'], string> = {
  Default: 'It is up to date.',
  PendingNewKey: 'It gets the new key when it next connects.',
  KeyExpired:
    'It missed a renewal. Regenerate the password on an up-to-date machine; on this one: keyturn agent rejoin',
};

/** The service writes it down every few hours only. */
function heartbeatText({ lastHeartbeatDate }: MachineView, now: Instant): string | null {
  if (lastHeartbeatDate === null) return null;
  const hours = Math.max(0, Math.round(secondsBetween(lastHeartbeatDate, now) / 3600));
  return `${lastHeartbeatDate} (≈ ${durationText(hours * 3600).replace(/^0 s$/, '0 h')} ago)`;
}

function agentText(terminal: Terminal, { agentVersion, agentCanRenew }: MachineView): string {
  return agentCanRenew ? agentVersion : `${agentVersion} ${terminal.style('yellow', '(too old to renew)')}`;
}
