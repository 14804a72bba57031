// `npm run demo`: five years of a small fleet in under a minute. A service and five agents run as processes of their own;
// only time is virtual. Every claim is checked, and the exit code is 1 if one does not hold.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instant } from '../../shared/domain/instant.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import { Fleet } from './fleet.ts';
import { interruption } from './interruption.ts';
import { ClaimFailed } from './timeline.ts';

const START = '2026-01-01T00:00:00Z' as Instant;
/** Two and a half years, and half a year: two renewals in five years. */
const POLICY = { groupKeyValidityPeriod: 1_314_000, groupKeyExpiryGracePeriod: 262_800 };
const PASSWORD = 'the first group password';
const NEW_PASSWORD = 'the second group password';
const OUTDATED = '2.21.0';

const HELP = `Usage: npm run demo

Plays five years of a group of five machines in under a minute: a service and five agents, all on this
machine, with virtual time. Every claim it prints is checked; it exits with 1 if one does not hold. All
that it makes is in a temporary folder, which it removes.`;

if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}

const interrupted = interruption();
const folder = await mkdtemp(join(tmpdir(), 'keyturn-demo-'));
const fleet = new Fleet(folder, START);
const { timeline } = fleet;

async function foundation(): Promise<void> {
  timeline.chapter('1. A group, and five machines that join it');
  const url = await fleet.start();
  timeline.tell('service', `listens on ${url}; its data is in ${folder}`);
  const group = await fleet.createGroup({ name: 'Packing line', ...POLICY });
  timeline.tell('people', 'create the group “Packing line” and an enrollment token for it');
  timeline.claim('the group has no key yet', group.status === 'NoKey');
  const token = await fleet.enroll();
  await fleet.join('bot-1', token, PASSWORD);
  timeline.tell('bot-1', 'joins first: it makes key 1 and seals it under the group password');
  for (const name of ['bot-2', 'bot-3', 'bot-4']) {
    await fleet.join(name, token, PASSWORD);
    timeline.tell(name, 'joins: the password opens the package, the key in it proves who is joining');
  }
  await fleet.join('bot-5', token, PASSWORD, OUTDATED);
  timeline.tell('bot-5', `joins with agent ${OUTDATED}, too old to renew (2.23 is the minimum)`);
  const { status, machinesByStatus, nextRenewalDate } = await fleet.group();
  timeline.claim('five machines are Default', status === 'Active' && machinesByStatus.Default === 5);
  timeline.claim(
    'the window is to open two years from now: 2.5 years of validity less half a year of grace',
    nextRenewalDate === addMinutes(START, POLICY.groupKeyValidityPeriod - POLICY.groupKeyExpiryGracePeriod),
  );
}

async function firstRenewal(): Promise<void> {
  timeline.chapter('2. Two years later: the renewal window');
  for (const name of ['bot-1', 'bot-2', 'bot-3']) fleet.startDaemon(name);
  fleet.startDaemon('bot-5', OUTDATED);
  timeline.tell('bot-4', 'is switched off and stays off, all window long');
  const opensOn = (await fleet.group()).nextRenewalDate as Instant;
  await fleet.setTime(addMinutes(opensOn, -1));
  timeline.claim('a minute before, nothing has changed', (await fleet.group()).status === 'Active');
  await fleet.setTime(addMinutes(opensOn, 5));
  await fleet.until('the window opens', async () => (await fleet.group()).status === 'Renewing');
  timeline.tell(
    'service',
    'opens the window; every machine is PendingNewKey until it has proved the new key',
  );
  await fleet.until('a key is issued', async () => (await fleet.group()).renewal?.keyIssuedOn !== null);
  await fleet.until(
    'three machines have it',
    async () => (await fleet.group()).machinesByStatus.Default === 3,
  );
  const group = await fleet.group();
  timeline.claim(
    'one machine made key 2, the two others that are on and up to date fetched it',
    group.primaryKey?.version === 2,
  );
  timeline.claim(
    'the outdated and the offline machine are pending',
    group.renewal?.machinesPending === 2 &&
      (await fleet.machine('bot-4')).keyDeliveryStatus === 'PendingNewKey',
  );
  timeline.claim(
    'old and new key both work, and the password is stale',
    group.secondaryKey?.version === 1 && group.passwordStale,
  );
}

async function theLost(): Promise<void> {
  timeline.chapter('3. The window ends; two machines missed it');
  const endsOn = (await fleet.group()).renewal?.endsOn as Instant;
  await fleet.setTime(addMinutes(endsOn, 5));
  await fleet.until('the window ends', async () => (await fleet.group()).status === 'Active');
  timeline.tell('service', 'ends the window: key 1 is not valid any more');
  await fleet.until(
    'two machines are lost',
    async () => (await fleet.group()).machinesByStatus.KeyExpired === 2,
  );
  const statuses = await fleet.statuses();
  timeline.claim(
    'bot-4 and bot-5 are KeyExpired',
    statuses['bot-4'] === 'KeyExpired' && statuses['bot-5'] === 'KeyExpired',
  );
  timeline.claim(
    'the others are Default',
    ['bot-1', 'bot-2', 'bot-3'].every((name) => statuses[name] === 'Default'),
  );
}

async function theWayBack(): Promise<void> {
  timeline.chapter('4. The way back: regenerate the password, rejoin');
  const refused = await fleet.processes.agent('bot-4', ['rejoin', '--password-stdin'], `${PASSWORD}\n`);
  timeline.tell('bot-4', 'is switched on and tries to rejoin with the password it knows');
  timeline.claim(
    'it is refused, and told what to do',
    refused.exitCode !== 0 && /regenerate/i.test(refused.stderr),
  );
  const changed = await fleet.processes.agent(
    'bot-1',
    ['regenerate-password', '--password-stdin'],
    `${NEW_PASSWORD}\n`,
  );
  if (changed.exitCode !== 0) throw new ClaimFailed(`bot-1 regenerates the password:\n${changed.stderr}`);
  timeline.tell('bot-1', 'wraps key 2 for a new password: keyturn agent regenerate-password');
  await fleet.stopDaemon('bot-5');
  timeline.tell('bot-5', 'is updated');
  const before = await fleet.machine('bot-4');
  for (const name of ['bot-4', 'bot-5']) {
    const { exitCode, stderr } = await fleet.processes.agent(
      name,
      ['rejoin', '--password-stdin'],
      `${NEW_PASSWORD}\n`,
    );
    if (exitCode !== 0) throw new ClaimFailed(`${name} rejoins:\n${stderr}`);
    timeline.tell(name, 'rejoins with the new password: keyturn agent rejoin');
    fleet.startDaemon(name);
  }
  const group = await fleet.group();
  timeline.claim(
    'five machines are Default again',
    group.machinesByStatus.Default === 5 && group.machineCount === 5,
  );
  timeline.claim('bot-4 kept its id', (await fleet.machine('bot-4')).id === before.id);
}

async function secondRenewal(): Promise<void> {
  timeline.chapter('5. The second renewal: nobody has to do anything');
  await fleet.setTime(addMinutes((await fleet.group()).nextRenewalDate as Instant, 5));
  await fleet.until('all five have key 3', async () => {
    const group = await fleet.group();
    return group.primaryKey?.version === 3 && group.machinesByStatus.Default === 5;
  });
  const group = await fleet.group();
  timeline.claim('one machine made key 3 and four fetched it', group.renewal?.machinesDelivered === 5);
  await fleet.setTime(addMinutes(group.renewal?.endsOn as Instant, 5));
  await fleet.until('the window ends', async () => (await fleet.group()).status === 'Active');
  await fleet.until(
    'every machine is Default',
    async () => (await fleet.group()).machinesByStatus.Default === 5,
  );
  timeline.tell('service', 'ends the window; all five machines work with key 3');
}

async function audit(): Promise<void> {
  timeline.chapter('6. The audit trail');
  const changes = (await fleet.events()).filter(({ kind }) => kind === 'KeyDeliveryStatusChanged');
  const keys = changes.map(
    ({ machineId, renewal, keyDeliveryStatus }) => `${machineId} ${renewal} ${keyDeliveryStatus?.to}`,
  );
  timeline.claim(
    `${changes.length} changes of status, each written down exactly once`,
    new Set(keys).size === keys.length,
  );
  // Five joined; five pending and three delivered; two lost and two back; five pending and five delivered.
  timeline.claim('none is missing', changes.length === 5 + 5 + 3 + 2 + 2 + 5 + 5);
}

async function play(): Promise<void> {
  const startedAt = performance.now();
  for (const chapter of [foundation, firstRenewal, theLost, theWayBack, secondRenewal, audit])
    await chapter();
  timeline.chapter('Done');
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  timeline.note(`${timeline.claims} claims checked; five virtual years took ${seconds} s.`);
  timeline.note('Where to look next: docs/lifecycle.md says when what happens, docs/protocol.md how;');
  timeline.note('npm start runs the service for you, and npm run keyturn -- --help shows its commands.');
}

let exitCode = 0;
try {
  exitCode = await Promise.race([play().then(() => 0), interrupted]);
} catch (error) {
  exitCode = 1;
  const text = error instanceof ClaimFailed ? `does not hold: ${error.message}` : (error as Error).stack;
  process.stderr.write(`keyturn demo: error: ${text}\n`);
} finally {
  await fleet.processes.stopAll();
  await rm(folder, { recursive: true, force: true });
}
// What an interruption cut off may still be waiting.
process.exit(exitCode);
