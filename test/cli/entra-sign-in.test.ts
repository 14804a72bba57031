// Signing in with Entra ID on the command line: stand-ins for the Azure CLI and azd on the PATH, a real issuer of tokens, and a
// service that takes those. What no transcript may show is a token.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { entraTokenSource } from '../../cli/entra-sign-in.ts';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import { addSeconds, fromInstant } from '../../shared/domain/instant.ts';
import { startEntraIssuer } from '../adapters/entra-issuer.ts';
import type { EntraIssuer } from '../adapters/entra-issuer.ts';
import { START, startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { importGraph, readSourceTree, wayTo } from '../source-tree.ts';
import { keyturn } from './command-line.ts';
import type { Transcript } from './command-line.ts';

/** An address of this machine that does not say so, where nothing listens. */
const ELSEWHERE = 'https://0.0.0.0:2';

/** Entra ID's, and the service's where people sign in. */
const clock = manualClock(START);
let entra: EntraIssuer;
let service: RunningService;
let scope: string;
let folder: string;

beforeAll(async () => {
  entra = await startEntraIssuer(clock);
  service = await startService({ people: entra.authenticator() });
  scope = `api://${entra.audience}/.default`;
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-az-'));
  vi.stubEnv('PATH', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});
afterAll(async () => {
  await service.stop();
  await entra.stop();
});

/** A tool that notes what it is asked, answers with `stdout` and `stderr`, and ends. */
async function install(tool: 'az' | 'azd', { stdout = '', stderr = '', code = 0 }): Promise<void> {
  const path = join(folder, tool);
  const script = [
    '#!/bin/sh',
    `echo ${tool} "$@" >> '${folder}/asked'`,
    `printf '%s' '${stdout}'`,
    `printf '%s' '${stderr}' >&2`,
    `exit ${code}`,
  ];
  await writeFile(path, script.join('\n'));
  await chmod(path, 0o755);
}

async function asked(): Promise<string[]> {
  const lines = await readFile(join(folder, 'asked'), 'utf8').catch(() => '');
  return lines.split('\n').filter(Boolean);
}

const NEVER = '4102444800';

function azAnswer(accessToken: string, expires_on = NEVER): string {
  return JSON.stringify({ accessToken, expires_on, tokenType: 'Bearer' });
}

const NOT_LOGGED_IN = {
  az: { stderr: 'ERROR: Please run "az login" to setup account.', code: 1 },
  azd: { stderr: 'ERROR: not logged in, run `azd auth login` to login', code: 1 },
} as const;

async function run(
  args: string,
  env: NodeJS.ProcessEnv = {},
  server: string = service.host.url,
): Promise<Transcript> {
  const transcript = await keyturn(args.split(' '), { env: { KEYTURN_SERVER: server, ...env } });
  expect(transcript.stdout + transcript.stderr).not.toContain('eyJ');
  return transcript;
}

describe('with --entra-scope a person is who is signed in with', () => {
  test('the Azure CLI', async () => {
    await install('az', { stdout: azAnswer(await entra.token({ roles: ['Operator'] })) });
    expect(await run(`groups create press --json --entra-scope ${scope}`)).toMatchObject({ code: 0 });
    expect(await asked()).toEqual([
      `az account get-access-token --output json --resource api://${entra.audience}`,
    ]);
  });

  test('azd, when nobody is with the Azure CLI', async () => {
    await install('az', NOT_LOGGED_IN.az);
    const token = await entra.token({ roles: ['Reader'] });
    await install('azd', { stdout: JSON.stringify({ token, expiresOn: '2100-01-01T00:00:00Z' }) });
    expect(await run(`groups list --entra-scope ${scope}`)).toMatchObject({ code: 0 });
    expect((await asked()).at(-1)).toBe(`azd auth token --output json --no-prompt --scope ${scope}`);
  });

  test('neither, but a token that is given goes first', async () => {
    const env = { KEYTURN_TOKEN: await entra.token({ roles: ['Reader'] }) };
    expect(await run(`groups list --entra-scope ${scope}`, env)).toMatchObject({ code: 0 });
  });
});

describe('whoever cannot sign in is told what to do:', () => {
  test.for<[string, Parameters<typeof install>[1] | null, Parameters<typeof install>[1] | null, RegExp]>([
    ['neither tool is there', null, null, /Neither the Azure CLI nor azd .*\n.*az login/],
    ['nobody is signed in', NOT_LOGGED_IN.az, NOT_LOGGED_IN.azd, /Nobody is signed in .*\n.*az login/],
    ['nobody is signed in, and azd is missing', NOT_LOGGED_IN.az, null, /Nobody is signed in .*\n.*az login/],
    [
      'no role was given',
      { stderr: 'ERROR: AADSTS50105: Your administrator has configured', code: 1 },
      null,
      /AADSTS50105\n.*ask an administrator/,
    ],
    [
      'nobody consented',
      { stderr: 'ERROR: AADSTS65001: The user has not consented. Run: az login --scope x', code: 1 },
      NOT_LOGGED_IN.azd,
      /AADSTS65001\n.*sign-in\.md/,
    ],
    [
      'another tenant',
      { stderr: 'ERROR: AADSTS500011: The resource principal was not found', code: 1 },
      null,
      /AADSTS500011\n.*az login --tenant/,
    ],
    [
      'another factor is asked for',
      { stderr: 'ERROR: AADSTS50076: Due to a change', code: 1 },
      null,
      /AADSTS50076\n.*az login --scope/,
    ],
    ['an answer cut off', { stdout: '{"accessToken": "eyJhbGciOi' }, null, /gave no token .*\n.*says why/],
    ['a token among errors', { stderr: 'what is eyJhbGciOi?', code: 1 }, null, /gave no token/],
  ])('%s', async ([, az, azd, told]) => {
    if (az !== null) await install('az', az);
    if (azd !== null) await install('azd', azd);
    const { code, stdout, stderr } = await run(`--debug groups list --entra-scope ${scope}`);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(told);
  });

  test('the service knows them, and they have no role', async () => {
    await install('az', { stdout: azAnswer(await entra.token()) });
    const { code, stderr } = await run(`groups list --entra-scope ${scope}`);
    expect(code).toBe(4);
    expect(stderr).toContain('ask an administrator for a role');
  });

  test('the token is for something else', async () => {
    await install('az', { stdout: azAnswer(await entra.token({ aud: 'https://management.azure.com' })) });
    const { code, stderr } = await run(`groups list --entra-scope ${scope}`);
    expect([code, stderr]).toEqual([4, expect.stringMatching(/hint: .*--entra-scope/)]);
  });

  test('Entra ID gives the service no keys', async () => {
    // Long enough after the last time for them to be asked for again.
    clock.advanceSeconds(30);
    await install('az', { stdout: azAnswer(await entra.token({}, { header: { kid: 'new' } })) });
    entra.answers = (_, response) => response.writeHead(503).end();
    const { code, stderr } = await run(`groups list --entra-scope ${scope}`);
    entra.answers = null;
    expect([code, stderr]).toEqual([7, expect.stringMatching(/hint: .*try again/)]);
  });

  test.for(['api://x', 'x --help/.default', ''])('%j is no scope', async (wrong) => {
    const args = ['groups', 'list', '--entra-scope', wrong, '--server', ELSEWHERE];
    expect((await keyturn(args, { env: {} })).code).toBe(wrong === '' ? 4 : 2);
  });
});

describe('KEYTURN_ENTRA_SCOPE', () => {
  beforeEach(async () => {
    await install('az', { stdout: azAnswer(await entra.token({ roles: ['Admin'] })) });
    await writeFile(join(folder, 'token'), 'made-here');
  });

  test('is for services elsewhere', async () => {
    expect(await run('groups list', { KEYTURN_ENTRA_SCOPE: scope }, ELSEWHERE)).toMatchObject({ code: 7 });
    expect(await asked()).toHaveLength(1);
  });

  test('is not for a service on this machine, which has a token of its own', async () => {
    const env = { KEYTURN_ENTRA_SCOPE: scope, KEYTURN_DATA: folder };
    expect(await run('groups list', env)).toMatchObject({ code: 4 });
    expect(await asked()).toEqual([]);
  });
});

describe('a service elsewhere', () => {
  test('is not sent the token of one on this machine', async () => {
    const { code, stderr } = await run('groups list', {}, ELSEWHERE);
    expect(code).toBe(4);
    expect(stderr).toMatch(/Not signed in to https.*\n.*hint: .*az login/);
  });

  test('is sent it when its folder is named', async () => {
    await writeFile(join(folder, 'token'), 'made-here');
    expect(await run(`groups list --data ${folder}`, {}, ELSEWHERE)).toMatchObject({ code: 7 });
    expect(await run('groups list', { KEYTURN_DATA: folder }, ELSEWHERE)).toMatchObject({ code: 7 });
  });
});

function list(env: NodeJS.ProcessEnv, ...options: string[]): Promise<Transcript> {
  return keyturn(['groups', 'list', ...options], { env });
}

describe('what the environment signs in with', () => {
  let given: NodeJS.ProcessEnv;
  beforeEach(async () => {
    await install('az', { stdout: azAnswer(await entra.token()) });
    await writeFile(join(folder, 'token'), 'made-here');
    const token = await entra.token({ roles: ['Reader'] });
    given = { KEYTURN_TOKEN: token, KEYTURN_ENTRA_SCOPE: scope, KEYTURN_DATA: folder };
  });
  test('is for the service that it names, by --server, too', async () => {
    const env = { ...given, KEYTURN_SERVER: `${service.host.url}/` };
    expect(await list(env)).toMatchObject({ code: 0 });
    expect(await list(env, '--server', service.host.url)).toMatchObject({ code: 0 });
  });

  test.for(['KEYTURN_TOKEN', 'KEYTURN_ENTRA_SCOPE', 'KEYTURN_DATA'] as const)(
    'is sent to no other elsewhere: %s',
    async (name) => {
      const env = { [name]: given[name] };
      for (const named of [{}, { KEYTURN_SERVER: 'https://0.0.0.0:3' }, { KEYTURN_SERVER: 'mistyped' }]) {
        const { code, stderr } = await list({ ...env, ...named }, '--server', ELSEWHERE);
        expect([code, stderr]).toEqual([
          4,
          expect.stringMatching(/--server needs --entra-scope or --sign-in/),
        ]);
      }
      expect(await asked()).toEqual([]);
      expect(await list({ ...env, KEYTURN_SERVER: ELSEWHERE })).toMatchObject({ code: 7 });
    },
  );

  test('is not sent to one on this machine, which is sent what was made here', async () => {
    const env = { ...given, KEYTURN_SERVER: ELSEWHERE };
    // The token of the environment would be let in.
    expect(await list(env, '--server', service.host.url)).toMatchObject({ code: 4 });
    await writeFile(join(folder, 'token'), given.KEYTURN_TOKEN ?? '');
    expect(await list(env, '--server', service.host.url)).toMatchObject({ code: 0 });
  });

  test('does not matter to what is given with --server', async () => {
    const env = { ...given, KEYTURN_SERVER: 'https://0.0.0.0:3' };
    expect(await list(env, '--server', ELSEWHERE, '--sign-in-token', 'mine')).toMatchObject({ code: 7 });
    expect(await list(env, '--server', ELSEWHERE, '--entra-scope', scope)).toMatchObject({ code: 7 });
    expect(await asked()).toHaveLength(1);
  });
});

test('a command that stays asks for another token five minutes before the first one ends', async () => {
  const end = addSeconds(clock.now(), 3600);
  const source = entraTokenSource(scope, clock);
  await install('az', { stdout: azAnswer('first', String(fromInstant(end) / 1000)) });
  expect(await source()).toBe('first');
  await install('az', { stdout: azAnswer('second') });
  clock.set(addSeconds(end, -301));
  expect(await source()).toBe('first');
  clock.set(addSeconds(end, -300));
  expect([await source(), await source()]).toEqual(['second', 'second']);
  expect(await asked()).toHaveLength(2);
});

function isSdk(target: string): boolean {
  return target.startsWith('@azure/');
}

test('who needs none of it does not wait for the Azure SDK to load', () => {
  const graph = importGraph(readSourceTree('cli', 'shared'));
  expect(wayTo(graph, 'cli/main.ts', isSdk, ({ kind }) => kind === 'static')).toBeNull();
  expect(wayTo(graph, 'cli/sign-in.ts', isSdk, ({ kind }) => kind === 'static')).toBeNull();
  expect(wayTo(graph, 'cli/sign-in.ts', isSdk, ({ kind }) => kind !== 'type')).not.toBeNull();
});
