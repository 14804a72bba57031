import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { describeError } from '../../cli/error-description.ts';
import { EXIT_CODES } from '../../cli/exit-codes.ts';
import { durationText, parsePeriod } from '../../cli/period.ts';
import { printFacts } from '../../cli/tables.ts';
import { streamTerminal } from '../../cli/terminal.ts';
import { Problem, PROBLEM_CODES } from '../../shared/api/problem.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { VERSION } from '../../shared/version.ts';
import { keyturn } from './command-line.ts';

const NOW = '2026-01-01T00:00:00Z' as Instant;

/** All commands, as `--help` lists them. */
async function commandsBelow(path: readonly string[]): Promise<string[][]> {
  const { stdout } = await keyturn([...path, '--help']);
  const [, listed = ''] = stdout.split('\nCommands:\n');
  const names = [...(listed.split('\n\n')[0]?.matchAll(/^ {2}([a-z-]+)/gm) ?? [])].map(
    ([, name]) => name ?? '',
  );
  const below = await Promise.all(names.map((name) => commandsBelow([...path, name])));
  return names.length === 0 ? [[...path]] : below.flat();
}

test('Every command explains itself with examples of itself', async () => {
  const commands = await commandsBelow([]);
  expect(commands.map((path) => path.join(' ')).toSorted()).toEqual([
    'agent check-in',
    'agent export-pfx',
    'agent join',
    'agent leave',
    'agent regenerate-password',
    'agent rejoin',
    'agent run',
    'agent status',
    'dead-letters count',
    'dead-letters redrive',
    'events',
    'groups create',
    'groups delete',
    'groups enroll',
    'groups list',
    'groups renew',
    'groups set-policy',
    'groups show',
    'machines list',
    'machines remove',
    'machines show',
  ]);
  for (const path of commands) {
    const { code, stdout } = await keyturn([...path, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  keyturn ${path.join(' ')}`));
  }
});

test('Help names every exit code, and no two are the same', async () => {
  const { stdout } = await keyturn(['--help']);
  for (const [code, meaning] of Object.values(EXIT_CODES)) expect(stdout).toContain(`${code}  ${meaning}`);
  const codes = Object.values(EXIT_CODES).map(([code]) => code);
  expect(new Set(codes).size).toBe(codes.length);
});

test('The version is the package’s', async () => {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect((await keyturn(['--version'])).stdout.trim()).toBe(manifest.version);
  expect(VERSION).toBe(manifest.version);
});

test.each([
  [['unheard-of']],
  [['groups', 'unheard-of']],
  [['groups', 'show']],
  [['groups', 'list', '--unheard-of']],
  [['groups', 'list', '--limit', '0']],
  [['groups', 'create', 'x', '--validity', 'soon']],
  [['agent', 'join']],
  [['agent', 'join', '--token', 'kt1.x']],
  [['agent', 'status', '--agent-version', 'new']],
  [['groups', 'list', '--server', 'http://keyturn.example.com']],
  [['machines', 'list', '--status', 'Lost']],
  [['groups', 'list', '--status', 'Lost']],
])('%j is wrong usage', async (args) => {
  const { code, stdout, stderr } = await keyturn(args, { env: { KEYTURN_TOKEN: 'me' } });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^keyturn: error: \S/);
});

test('A service that is not there has its exit code, and nothing is on stdout', async () => {
  const env = { KEYTURN_TOKEN: 'me', KEYTURN_SERVER: 'http://127.0.0.1:2' };
  expect(await keyturn(['groups', 'list'], { env })).toMatchObject({ code: 7, stdout: '' });
});

test('Where an error comes from is shown only when asked for', async () => {
  const env = { KEYTURN_TOKEN: 'me', KEYTURN_SERVER: 'http://127.0.0.1:2' };
  expect((await keyturn(['groups', 'list'], { env })).stderr).not.toContain('    at ');
  expect((await keyturn(['--debug', 'groups', 'list'], { env })).stderr).toContain('    at ');
});

test.each(PROBLEM_CODES)('The problem %s has an exit code for people and for agents', (code) => {
  for (const caller of ['person', 'machine'] as const) {
    const { exit, message } = describeError(new Problem(code, 'Said so.'), { caller, now: NOW });
    expect(['ok', 'locked', 'folder', 'untrusted', 'wrongPassword']).not.toContain(exit);
    expect(message).not.toMatch(/\.$/);
  }
});

test.each([
  ['GroupDeleted', 'person', 'notFound'],
  ['GroupDeleted', 'machine', 'gone'],
  ['MachineRemoved', 'machine', 'gone'],
  ['MachineNotFound', 'person', 'notFound'],
  ['AuthTokenExpired', 'machine', 'clock'],
  ['GroupPasswordStale', 'machine', 'refused'],
  ['Overloaded', 'machine', 'unreachable'],
  ['InternalError', 'person', 'unreachable'],
  ['Forbidden', 'person', 'forbidden'],
  ['PolicyOutOfRange', 'person', 'usage'],
] as const)('%s for a %s means %s', (code, caller, exit) => {
  expect(describeError(new Problem(code, 'Said so.'), { caller, now: NOW }).exit).toBe(exit);
});

test('What is down is named, with what to do', () => {
  const problem = new Problem('StoreUnavailable', 'Nothing is lost: try again later.');
  expect(describeError(problem, { caller: 'person', now: NOW })).toMatchObject({
    message: 'The document store does not answer',
    hint: 'Nothing is lost: try again later.',
  });
});

test.each([
  ['90d', 129_600],
  ['12w', 120_960],
  ['36h', 2160],
  ['129600', 129_600],
  ['129600m', 129_600],
  [' 7 d ', 10_080],
  ['', null],
  ['d', null],
  ['-1d', null],
  ['182.5d', 262_800],
  ['1.25d', null],
  ['1.5m', null],
  ['1y', null],
  ['1e3', null],
])('The period %j is %j minutes', (text, minutes) => {
  expect(parsePeriod(text)).toBe(minutes);
});

test.each([
  [0, '0 s'],
  [8, '8 s'],
  [60, '1 min'],
  [3599, '59 min 59 s'],
  [3600, '1 h'],
  [11_940, '3 h 19 min'],
  [86_400, '1 day'],
  [90_061, '1 day 1 h'],
  [863_999, '9 days 23 h'],
  [864_001, '10 days'],
  [157_680_000, '1,825 days'],
])('%d seconds read as %j', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test('Colours are for terminals, and not with NO_COLOR; the words are the same', async () => {
  const plain = await keyturn(['agent', 'status', '--folder', '/nowhere']);
  const coloured = await keyturn(['agent', 'status', '--folder', '/nowhere'], { isTTY: true });
  const without = await keyturn(['agent', 'status', '--folder', '/nowhere'], {
    isTTY: true,
    env: { NO_COLOR: '1' },
  });
  expect(coloured.stderr).not.toBe(plain.stderr);
  expect(stripVTControlCharacters(coloured.stderr)).toBe(plain.stderr);
  expect(without.stderr).toBe(plain.stderr);
});

test('Facts align by what is visible', () => {
  const lines: string[] = [];
  const streams = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr };
  const terminal = {
    ...streamTerminal(streams, { NO_COLOR: '1' }),
    print: (line: string) => void lines.push(line),
  };
  printFacts(terminal, [
    ['A', 'one'],
    ['\u001B[1mLong\u001B[22m', 'two'],
    ['Absent', null],
  ]);
  expect(lines.map(stripVTControlCharacters)).toEqual(['A     one', 'Long  two']);
});

function terminalOn(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  return { stdin, stderr, terminal: streamTerminal({ stdin, stderr, stdout: new PassThrough() }, {}) };
}

test('A person is asked on a terminal; a hidden answer is shown nowhere', async () => {
  const { stdin, stderr, terminal } = terminalOn(true);
  const answer = terminal.askHidden('Group password: ');
  stdin.write('open sesame\r');
  expect(await answer).toBe('open sesame');
  expect(String(stderr.read())).toBe('Group password: \n');
  const visible = terminal.ask('Sure? ');
  stdin.write('y\r');
  expect(await visible).toBe('y');
  expect(stripVTControlCharacters(String(stderr.read()))).toContain('Sure? y');
});

test('No answer, and nobody to ask, are wrong usage; Ctrl-C is not', async () => {
  const { stdin, terminal } = terminalOn(true);
  const answer = terminal.askHidden('Group password: ');
  stdin.write('\u0003');
  await expect(answer).rejects.toMatchObject({ exit: 'interrupted' });
  const ended = terminalOn(true);
  const unanswered = ended.terminal.ask('Sure? ');
  ended.stdin.end();
  await expect(unanswered).rejects.toMatchObject({ exit: 'usage' });
  await expect(terminalOn(false).terminal.ask('Sure? ')).rejects.toMatchObject({ exit: 'usage' });
});

test('A reader that has had enough ends the command quietly', async () => {
  const child = spawn(process.execPath, ['cli/main.ts', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  const [code] = (await once(child, 'close')) as [number];
  expect([code, errors.join('')]).toEqual([0, '']);
});
