// A group in words: what it is doing, what comes next, and why.
import type { GroupView } from '../shared/api/group.ts';
import { addMinutes } from '../shared/domain/instant.ts';
import type { Instant } from '../shared/domain/instant.ts';
import { groupStatusText, instantText, keyDeliveryStatusText } from './formats.ts';
import { periodText } from './period.ts';
import { printFacts, printTable, sortedByName } from './tables.ts';
import type { Terminal } from './terminal.ts';

export function printGroups(terminal: Terminal, groups: readonly GroupView[], now: Instant): void {
  if (groups.length === 0) {
    terminal.note(terminal.commands('There are no such groups. To make one: keyturn groups create NAME'));
    return;
  }
  printTable(
    terminal,
    ['NAME', 'STATUS', 'MACHINES', 'PENDING', 'EXPIRED', 'NEXT RENEWAL', 'ID'],
    sortedByName(groups).map((group) => [
      group.name,
      groupStatusText(terminal, group.status),
      String(group.machineCount),
      String(group.machinesByStatus.PendingNewKey),
      String(group.machinesByStatus.KeyExpired),
      nextText(group, now),
      group.id,
    ]),
  );
}

function nextText({ status, renewal, nextRenewalDate }: GroupView, now: Instant): string {
  if (status === 'Renewing' && renewal !== null) return `open until ${renewal.endsOn}`;
  if (nextRenewalDate === null) return '-';
  return nextRenewalDate <= now ? 'due now' : nextRenewalDate;
}

export function printGroup(terminal: Terminal, group: GroupView, now: Instant): void {
  printFacts(terminal, [
    ['Group', `${terminal.style('bold', group.name)} (${group.id})`],
    ['Description', group.description],
    ['Status', `${groupStatusText(terminal, group.status)}. ${statusReason(terminal, group, now)}`],
    ['Next renewal', nextRenewalReason(group, now)],
    ['Progress', progress(group)],
    ['Machines', machines(terminal, group)],
    ['Primary key', keyText(group.primaryKey, now)],
    ['Outgoing key', outgoingKeyText(group, now)],
    ['Policy', policyText(group)],
    ['Password', passwordText(terminal, group, now)],
    ['Created', instantText(group.createdDate, now)],
  ]);
}

function statusReason(terminal: Terminal, group: GroupView, now: Instant): string {
  switch (group.status) {
    case 'NoKey':
      return 'The first machine to join makes its key.';
    case 'Active':
      return group.machineCount > 0
        ? 'Its key is in use.'
        : 'It has no machines: nobody will renew its key, and it will expire.';
    case 'Renewing':
      return renewingReason(terminal, group, now);
    case 'KeyExpired':
      return 'No machine renewed the key in time. Delete the group, create a new one, join its machines to that.';
  }
}

const RENEWAL_REASONS = {
  KeyNearsExpiry: 'the key nears its expiry',
  PolicyChanged: 'by its present policy the key is due',
  OperatorRequested: 'an operator asked for it',
} as const;

/** How a renewal goes on by itself, and how to speed it up. */
const TAKING_PART =
  'Machines take part at their next check-in, within 75 minutes by default; keyturn agent check-in on a machine speeds it up.';

function renewingReason(terminal: Terminal, { renewal, primaryKey }: GroupView, now: Instant): string {
  if (renewal === null) return 'A renewal window is open.';
  const opened = `A window is open since ${renewal.startsOn}, as ${RENEWAL_REASONS[renewal.reason]}`;
  return renewal.keyIssuedOn === null
    ? `${opened}. No machine has made version ${renewal.version} yet; one must before ${primaryKey?.notAfter}. ` +
        terminal.commands(TAKING_PART)
    : `${opened}; it ends ${instantText(renewal.endsOn, now)}. Version ${renewal.version} was made on ${renewal.keyIssuedOn}.`;
}

/** Which of the two dates of the rule decides. */
function nextRenewalReason(group: GroupView, now: Instant): string | null {
  const { status, nextRenewalDate, keyCreationDate, keyExpiryDate } = group;
  if (status !== 'Active' || nextRenewalDate === null || keyCreationDate === null) return null;
  const endOfPolicy = addMinutes(keyCreationDate, group.groupKeyValidityPeriod);
  const grace = periodText(group.groupKeyExpiryGracePeriod);
  const because =
    keyExpiryDate !== null && keyExpiryDate <= endOfPolicy
      ? `${grace} before the key expires`
      : `${grace} before the policy’s validity period ends`;
  return nextRenewalDate <= now
    ? `due since ${nextRenewalDate}, ${because}: it opens at the next scan`
    : `${instantText(nextRenewalDate, now)}, ${because}`;
}

function progress({ renewal, machineCount }: GroupView): string | null {
  if (renewal === null) return null;
  const { machinesPending, machinesDelivered, version, keyIssuedOn } = renewal;
  // The machines' statuses follow the opening of the window a little later.
  if (keyIssuedOn === null) return `0 of ${machineCount} machines hold version ${version}`;
  const total = machinesPending + machinesDelivered;
  if (total === 0) return null;
  return `${machinesDelivered} of ${total} machines hold version ${version}; ${machinesPending} pending`;
}

function machines(terminal: Terminal, { machineCount, machinesByStatus }: GroupView): string {
  if (machineCount === 0) return 'none';
  const counts = (['Default', 'PendingNewKey', 'KeyExpired'] as const)
    .filter((status) => machinesByStatus[status] > 0)
    .map((status) => `${machinesByStatus[status]} ${keyDeliveryStatusText(terminal, status)}`);
  return `${machineCount}: ${counts.join(', ')}`;
}

function outgoingKeyText({ secondaryKey, renewal }: GroupView, now: Instant): string | null {
  const text = keyText(secondaryKey, now);
  return text === null || renewal === null ? text : `${text}; works until the window ends`;
}

function keyText(key: GroupView['primaryKey'], now: Instant): string | null {
  return key && `version ${key.version}, until ${instantText(key.notAfter, now)}, ${key.thumbprint}`;
}

function policyText({
  groupKeyValidityPeriod: validity,
  groupKeyExpiryGracePeriod: grace,
}: GroupView): string {
  return `a key is valid for ${periodText(validity)}; its renewal begins ${periodText(grace)} before it ends`;
}

function passwordText(terminal: Terminal, group: GroupView, now: Instant): string | null {
  if (group.passwordStale) {
    const stale = terminal.style('yellow', 'stale since the renewal: no machine can join or rejoin.');
    return `${stale} ${terminal.commands('On an up-to-date machine: keyturn agent regenerate-password')}`;
  }
  return group.passwordChangedDate && `set ${instantText(group.passwordChangedDate, now)}`;
}
