// Answers to commands that were not quite right, and lists as people look through them.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { periodOption, parsePeriod } from '../../cli/period.ts';
import { PEOPLE, startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { keyturn } from './command-line.ts';
import type { CommandLineOptions, Transcript } from './command-line.ts';

let service: RunningService;
let folder: string;
beforeAll(async () => {
  service = await startService();
  folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

function type(line: string, { env, ...options }: CommandLineOptions = {}): Promise<Transcript> {
  const signedIn = { KEYTURN_SERVER: service.host.url, KEYTURN_TOKEN: PEOPLE.Admin };
  return keyturn(line.split(' '), { ...options, env: { ...signedIn, ...env } });
}

test('Nothing to tell of says so', async () => {
  const { stdout, stderr } = await type('events');
  expect([stdout, stderr]).toEqual(['', 'There are no events.\n']);
});

test('Events of all groups name the group of each', async () => {
  await type('groups create press');
  await type('groups create packing');
  const lines = (await type('events')).stdout.trim().split('\n');
  const named = lines.map((line) => /^\S+ {2}(\S+) +GroupCreated {2}/.exec(line)?.[1]);
  expect(new Set(named)).toEqual(new Set(['press', 'packing']));
});

test('Groups are listed by name, numbers as numbers', async () => {
  for (const name of ['bot-10', 'bot-2']) await type(`groups create ${name}`);
  const { stdout } = await type('groups list');
  expect(stdout.indexOf('bot-2 ')).toBeLessThan(stdout.indexOf('bot-10 '));
});

test.each([
  ['groups create x --validity 10d', '--validity must be 90d to 1825d (129600 to 2628000 minutes)'],
  ['groups create x --validity 365d --grace 1d', '--grace must be 45d to 182.5d (64800 to 262800 minutes)'],
  ['groups enroll press --lifetime 1m', '5 minutes to 30 days'],
  ['groups enroll press --uses 10001', '1 to 10000'],
  [`groups create ${'x'.repeat(101)}`, '1 to 100 characters'],
  ['groups list --server 127.0.0.1:7071', 'Give http://127.0.0.1:7071'],
  ['groups list --server keyturn.example.com', 'Give https://keyturn.example.com'],
  ['groups list --server ftp://keyturn.example.com', 'An https address, or http on this machine'],
  ['machines list --last-heartbeat-before yesterday', '--last-heartbeat-before must be'],
])('%s is refused in terms of the command line', async (line, bound) => {
  const { code, stderr } = await type(line);
  expect(code).toBe(2);
  expect(stderr).toContain(bound);
});

test('A status is taken in any case, and a day for its start', async () => {
  expect(await type('groups list --status nokey')).toMatchObject({ code: 0 });
  expect(await type('machines list --last-heartbeat-before 2026-11-22')).toMatchObject({ code: 0 });
});

test('Commands are shown as they can be typed: through npm for whoever came through npm', async () => {
  const through = { npm_lifecycle_event: 'keyturn' };
  expect((await type('groups enroll press', { env: through })).stderr).toContain(
    '  npm run keyturn -- agent join --server ',
  );
  expect((await type('groups enroll press')).stderr).toContain('  keyturn agent join --server ');
  expect((await type('groups show nobody', { env: through })).stderr).toContain(
    'hint: npm run keyturn -- groups list ',
  );
});

test('Asking a folder that is not there for its status does not make it', async () => {
  const path = join(folder, 'nope');
  expect(await type(`agent status --folder ${path}`)).toMatchObject({ code: 10 });
  expect(existsSync(path)).toBe(false);
});

test('A folder that cannot be is refused as a folder', async () => {
  const { code, stderr } = await type('agent status --folder /dev/null/x');
  expect(code).toBe(10);
  expect(stderr).toContain('/dev/null/x is not a folder');
});

test.each([129_600, 90, 64_801, 2160, 2100, 720, 4380 * 60])(
  '%d minutes are written as they can be read back',
  (minutes) => {
    expect(parsePeriod(periodOption(minutes))).toBe(minutes);
  },
);
