// What people type, and what they read. Ids, tokens and thumbprints are made anew each time and shown as words.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setFileClock } from '../../shared/adapters/file-clock.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { PEOPLE, START, startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { keyturn } from './command-line.ts';
import type { CommandLineOptions, Transcript } from './command-line.ts';

let service: RunningService;
let folder: string;
let clockFile: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  service = await startService();
  folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
  clockFile = join(folder, 'clock');
  env = { KEYTURN_SERVER: service.host.url, KEYTURN_TOKEN: PEOPLE.Admin, KEYTURN_CLOCK_FILE: clockFile };
});
beforeEach(() => at(START));
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

function at(instant: Instant): void {
  service.clock.set(instant);
  setFileClock(clockFile, instant);
}

/** Runs a line such as `groups show press`; words in double quotes may hold spaces. */
async function type(line: string, options: CommandLineOptions = {}): Promise<Transcript> {
  const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  return keyturn(args, { ...options, env: { ...env, ...options.env } });
}

function readable(text: string): string {
  return text
    .replaceAll(service.host.url, 'SERVER')
    .replaceAll(/kt1\.[\w.-]+/g, 'TOKEN')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/[A-Za-z0-9_-]{43}/g, 'THUMBPRINT')
    .replaceAll(/([0-9a-z]{4}-){6}[0-9a-z]{4}/g, 'PASSWORD')
    .replaceAll(folder, 'FOLDER');
}

async function reads(line: string, options: CommandLineOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await type(line, options);
  return readable(`${stdout}${stderr.replaceAll(/^(?=.)/gm, '! ')}[${code}]\n`);
}

async function token(group: string): Promise<string> {
  const made = await type(`groups enroll "${group}"`);
  service.secrets.add(made.stdout.trim());
  return made.stdout.trim();
}

describe('A group from its creation to its first machine', () => {
  test('reads as its people need it', async () => {
    expect(await reads('groups create press --validity 365d --grace 60d --description "Hall 3"')).toBe(`\
Group        press (ID)
Description  Hall 3
Status       NoKey. The first machine to join makes its key.
Machines     none
Policy       a key is valid for 365 days; its renewal begins 60 days before it ends
Created      2026-01-01T00:00:00Z (now)
! To let machines join: keyturn groups enroll press
[0]
`);
    expect(await reads('groups enroll press --lifetime 2h --uses 3')).toBe(`\
TOKEN
! Admits up to 3 machines to “press” until 2026-01-01T02:00:00Z; shown this once.
! On each machine, which is named after its host unless --name NAME is added:
!   keyturn agent join --server SERVER --token TOKEN
[0]
`);
    const enrollment = await token('press');
    expect(await reads(`agent join --token ${enrollment} --name press-1 --folder ${folder}/press-1`)).toBe(`\
PASSWORD
! Joining group ID as “press-1”.
! Making the group’s key, version 1.
! The group password, shown this once. Keep it: machines need it to join.
! The group’s key version 1 was made here and is now in use.
! “press-1” is a machine of the group “press”: ID.
[0]
`);
    expect(await reads('groups list')).toBe(`\
NAME   STATUS  MACHINES  PENDING  EXPIRED  NEXT RENEWAL          ID
press  Active  1         0        0        2026-11-02T00:00:00Z  ID
[0]
`);
    expect(await reads('groups show press')).toBe(`\
Group         press (ID)
Description   Hall 3
Status        Active. Its key is in use.
Next renewal  2026-11-02T00:00:00Z (in 305 days), 60 days before the key expires
Machines      1: 1 Default
Primary key   version 1, until 2027-01-01T00:00:00Z (in 365 days), THUMBPRINT
Policy        a key is valid for 365 days; its renewal begins 60 days before it ends
Password      set 2026-01-01T00:00:00Z (now)
Created       2026-01-01T00:00:00Z (now)
[0]
`);
    expect(await reads(`agent status --folder ${folder}/press-1`)).toMatch(
      /^Machine {5}press-1 \(ID\)\nGroup {7}press \(ID\), Active\nService {5}SERVER\nStatus {6}Default\nReason {6}Up to date with version 1\.\nHolds {7}version 1, expires in 365 days, 2027-01-01T00:00:00Z\n/,
    );
  });

  test('is renewed by an operator, and its machines are told apart', async () => {
    expect(await reads('groups renew press')).toContain(
      'Renewing. A window is open since 2026-01-01T00:00:00Z, as an operator asked for it. No machine has made version 2 yet; one must before 2027-01-01T00:00:00Z.',
    );
    await service.host.drainFeeds();
    expect(await reads('machines list --group press')).toBe(`\
NAME     STATUS         KEY  AGENT  LAST HEARTBEAT                    ID
press-1  PendingNewKey  1    3.0.0  2026-01-01T00:00:00Z (≈ 0 h ago)  ID
! Default: up to date.  PendingNewKey: gets the new key when it next connects.  KeyExpired: missed it, must rejoin.
[0]
`);
    expect(await reads('groups renew press')).toMatch(/^! keyturn: error: .*\n! hint: .*\n\[6\]\n$/);
    expect(await reads(`agent check-in --folder ${folder}/press-1`)).toMatch(
      /^Default: Up to date with version 2\.\nNext check-in in .*\.\n! Making the group’s key, version 2\.\n! .* version 2 .*\n\[0\]\n$/,
    );
    const shown = await reads('groups show press');
    expect(shown).toContain('Progress      1 of 1 machines hold version 2; 0 pending');
    expect(shown).toContain('Outgoing key  version 1');
    expect(shown).toContain('stale since the renewal');
    expect(await reads(`agent regenerate-password --folder ${folder}/press-1`)).toBe(`\
PASSWORD
! The group password, shown this once. Keep it: machines need it to join.
! The group password opens version 2 of the key.
[0]
`);
  });

  test('has an audit trail, and lines of it for programs', async () => {
    const lines = (await reads('events --group press')).split('\n');
    expect(lines).toContain(
      '2026-01-01T00:00:00Z  WindowOpened                 by test-admin: An operator asked for a renewal.',
    );
    expect(lines).toContain(
      '2026-01-01T00:00:00Z  PendingNewKey → Default      press-1: It proved that it holds version 2.',
    );
    const { stdout } = await type('events --machine press-1 --limit 2 --json');
    expect(JSON.parse(stdout)).toHaveLength(2);
  });

  test('shows its machine to people and programs, and removes it once it is said twice', async () => {
    expect(await reads('machines show press-1')).toContain('Status          Default. It is up to date.');
    const { stdout } = await type('machines show press-1 --group press --json');
    expect(JSON.parse(stdout)).toMatchObject({ name: 'press-1', keyVersion: 2 });
    expect(await type('machines remove press-1')).toMatchObject({ code: 2 });
    expect(await type('machines remove press-1 --yes')).toMatchObject({ code: 0 });
    expect(await reads(`agent check-in --folder ${folder}/press-1`)).toMatch(/\[9\]\n$/);
    expect(await reads(`agent status --folder ${folder}/press-1`)).toMatch(
      /^Status +Removed from its group$/m,
    );
    expect(await reads('groups show press')).toContain('Machines      none');
  });

  test('is deleted once it is said twice, and its trail stays', async () => {
    const group = JSON.parse((await type('groups show press --json')).stdout) as { id: string };
    expect(await type('groups delete press')).toMatchObject({ code: 2 });
    expect(await type('groups delete press --yes')).toMatchObject({ code: 0, stdout: '' });
    expect(await type('groups show press')).toMatchObject({ code: 5 });
    expect(await type(`groups show ${group.id}`)).toMatchObject({ code: 5 });
    expect(await reads(`events --group ${group.id}`)).toMatch(/GroupDeleted +by test-admin/);
  });
});

describe('Names and lists', () => {
  test('a name that two groups have is refused with both ids, and an id always works', async () => {
    await type('groups create twin');
    const { stdout } = await type('groups create twin --json');
    expect(await reads('groups show twin')).toBe(
      '! keyturn: error: 2 groups are named “twin”; give one by its id:\n!   ID  NoKey, created 2026-01-01T00:00:00Z\n!   ID  NoKey, created 2026-01-01T00:00:00Z\n[2]\n',
    );
    const { id } = JSON.parse(stdout) as { id: string };
    expect(await type(`groups show ${id}`)).toMatchObject({ code: 0 });
  });

  test('a list pages to its end, or to its limit', async () => {
    const before = (JSON.parse((await type('groups list --json')).stdout) as []).length;
    for (let index = 0; index < 503; index++) await service.newGroup({ name: `many-${index}` });
    expect(JSON.parse((await type('groups list --json')).stdout)).toHaveLength(before + 503);
    expect(JSON.parse((await type('groups list --json --limit 501')).stdout)).toHaveLength(501);
  });

  test('nothing to list says so beside an empty result', async () => {
    expect(await type('machines list --status 3')).toMatchObject({ code: 0, stdout: '' });
    expect((await type('machines list --status KeyExpired --json')).stdout).toBe('[]\n');
  });
});

describe('A policy', () => {
  test('out of bounds is refused with the bounds, as wrong usage', async () => {
    const { code, stderr } = await type('groups create tight --validity 10d');
    expect(code).toBe(2);
    expect(stderr).toContain('129600');
  });

  test('that makes a renewal due says so', async () => {
    await type('groups create plain --validity 365d --grace 60d');
    await type(`agent join --token ${await token('plain')} --name p --folder ${folder}/plain`);
    at(addMinutes(START, 100 * 1440));
    const shown = await reads('groups set-policy plain --validity 90d --grace 45d');
    expect(shown).toContain(
      'due since 2026-02-15T00:00:00Z, 45 days before the policy’s validity period ends: it opens at the next scan',
    );
    expect(await type('groups set-policy plain')).toMatchObject({ code: 2 });
  });
});

describe('The agent', () => {
  test('joins a second machine by the password, tells a wrong one, and exports the key for its owner alone', async () => {
    await type('groups create hall');
    const enrollment = await token('hall');
    const chosen = 'correct horse battery staple';
    const first = `agent join --token ${enrollment} --name one --folder ${folder}/one --password-stdin`;
    expect(await type(first, { stdin: `${chosen}\n` })).toMatchObject({ code: 0, stdout: '' });
    const second = `agent join --token ${enrollment} --name two --folder ${folder}/two`;
    expect(await type(second)).toMatchObject({ code: 2 });
    const wrong = await type(`${second} --password-stdin`, { stdin: 'not the password' });
    expect(wrong).toMatchObject({ code: 8, stdout: '' });
    expect(await type(`${second} --password-stdin`, { stdin: chosen })).toMatchObject({ code: 0 });

    const out = `${folder}/hall.pfx`;
    const exporting = `agent export-pfx --out ${out} --folder ${folder}/two --password-stdin`;
    expect(await type(exporting, { stdin: 'short' })).toMatchObject({ code: 2 });
    expect(await type(exporting, { stdin: chosen })).toMatchObject({ code: 0 });
    expect((await readFile(out))[0]).toBe(0x30);
    expect(((await stat(out)).mode & 0o777).toString(8)).toBe('600');
    expect(await type(exporting, { stdin: chosen })).toMatchObject({ code: 2 });
  });

  test('runs until it is told to stop, one line an event, and refuses to run twice', async () => {
    await type('groups create night');
    await type(`agent join --token ${await token('night')} --name n --folder ${folder}/night`);
    const stop = new AbortController();
    const recorded = Promise.withResolvers<void>();
    const running = type(`agent run --folder ${folder}/night --json`, {
      stop: stop.signal,
      observe: (step) => (step === 'check-in-recorded' ? recorded.resolve() : undefined),
    });
    await recorded.promise;
    expect(await type(`agent run --folder ${folder}/night`)).toMatchObject({ code: 3 });
    expect(await type(`agent check-in --folder ${folder}/night`)).toMatchObject({ code: 0 });
    stop.abort();
    const { code, stdout } = await running;
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect([code, ...events.map(({ event }) => event)]).toEqual([0, 'checkedIn', 'stopped']);
  });

  test('with a wrong clock says by how much', async () => {
    await type('groups create clocks');
    await type(`agent join --token ${await token('clocks')} --name c --folder ${folder}/clocks`);
    setFileClock(clockFile, addMinutes(START, 125));
    expect(await reads(`agent check-in --folder ${folder}/clocks`)).toBe(`\
! keyturn: error: This machine’s clock says 2026-01-01T02:05:00Z, the service’s 2026-01-01T00:00:00Z: it is 2 h 5 min ahead
! hint: Set the clock, then try again.
[11]
`);
  });

  test('leaves, and its folder is nobody’s', async () => {
    await type('groups create gone');
    await type(`agent join --token ${await token('gone')} --name g --folder ${folder}/gone`);
    expect(await type(`agent leave --folder ${folder}/gone`)).toMatchObject({ code: 2 });
    expect(await type(`agent leave --yes --folder ${folder}/gone`)).toMatchObject({ code: 0 });
    expect(await type(`agent status --folder ${folder}/gone`)).toMatchObject({ code: 10 });
    expect(await reads('groups show gone')).toContain('It has no machines: nobody will renew its key');
  });
});

describe('Signing in', () => {
  test('takes the token of the local data folder when no other is given', async () => {
    await writeFile(join(folder, 'token'), `${PEOPLE.Reader}\n`);
    const without = { KEYTURN_TOKEN: '', KEYTURN_DATA: folder };
    expect(await type('groups list', { env: without })).toMatchObject({ code: 0 });
    expect(await type('groups create x', { env: without })).toMatchObject({ code: 4 });
    expect(await type('groups list --data /nowhere', { env: without })).toMatchObject({ code: 4 });
    expect(await type('groups list --sign-in-token stranger')).toMatchObject({ code: 4 });
  });
});
