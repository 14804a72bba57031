import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Program, refusalOf, startProgram } from './program.ts';

const keyturn = (...options: string[]): Program => startProgram(options);
const refusal = (...options: string[]) => refusalOf(keyturn(...options));
const refusalWith = (settings: Record<string, string>) =>
  refusalOf(startProgram(['--port', '0', '--data', join(folder, 'settings')], settings));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-main-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('one that runs', () => {
  test('serves its owner, keeps its data from others, and stops cleanly; the next one goes on', async () => {
    const data = join(folder, 'data');
    const first = keyturn('--port', '0', '--data', data);
    const url = await first.listens;
    const token = readFileSync(join(data, 'token'), 'utf8').trim();
    const authorization = `Bearer ${token}`;
    expect(statSync(data).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'token')).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'fleet.db')).mode & 0o077).toBe(0);
    expect((await fetch(`${url}/api/health`)).status).toBe(200);
    expect((await fetch(`${url}/api/groups`)).status).toBe(401);
    const created = await fetch(`${url}/api/groups`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'kept' }),
    });
    expect(created.status).toBe(201);

    const second = await keyturn('--port', '0', '--data', data).ended;
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(String(first.child.pid));

    first.child.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0, stderr: '' });

    const third = keyturn('--port', '0', '--data', data);
    const groups = await fetch(`${await third.listens}/api/groups`, { headers: { authorization } });
    expect(await groups.json()).toMatchObject({ items: [{ name: 'kept' }] });
    third.child.kill('SIGINT');
    expect((await third.ended).code).toBe(0);
  });

  test('lets the next one have its data after it was killed', async () => {
    const data = join(folder, 'killed');
    const first = keyturn('--port', '0', '--data', data);
    await first.listens;
    first.child.kill('SIGKILL');
    await first.ended;
    const second = keyturn('--port', '0', '--data', data);
    expect((await fetch(`${await second.listens}/api/health`)).status).toBe(200);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });

  test('ends, and says why, once its blob service is gone: whoever looks after it starts it anew', async () => {
    const data = join(folder, 'no-blobs');
    const program = keyturn('--port', '0', '--data', data);
    await program.listens;
    process.kill(Number(readFileSync(join(data, 'azurite', 'lock.pid'), 'utf8')), 'SIGKILL');
    const { code, stderr } = await program.ended;
    expect(code).toBe(6);
    expect(stderr).toMatch(/keyturn: error: Azurite ended with SIGKILL\nhint: .+\n$/);
  });

  test('follows virtual time from a file, with a warning', async () => {
    const clockFile = join(folder, 'clock');
    writeFileSync(clockFile, '2030-01-01T00:00:00Z');
    const program = keyturn('--port', '0', '--data', join(folder, 'virtual'), '--clock-file', clockFile);
    const health = await fetch(`${await program.listens}/api/health`);
    expect(await health.json()).toMatchObject({ time: '2030-01-01T00:00:00Z' });
    program.child.kill('SIGTERM');
    expect((await program.ended).stderr).toContain('warning');
  });
});

describe('one that cannot run says so by its exit code, on two lines', () => {
  test('when the port is in use, and the data folder is free again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const data = join(folder, 'port');
    for (let round = 0; round < 2; round++) {
      const { code, stderr } = await refusal('--port', String(port), '--data', data);
      expect(code).toBe(5);
      expect(stderr).toContain('--port');
    }
    other.close();
  });

  test('when the data folder is a file, from where npm was called', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const throughNpm = { npm_lifecycle_event: 'start', INIT_CWD: folder };
    expect(await refusalOf(startProgram(['--data', 'file'], throughNpm))).toMatchObject({ code: 4 });
    expect(await refusal('--data', file)).toMatchObject({ code: 4 });
    expect(await refusal('--data', join(file, 'below'))).toMatchObject({ code: 4 });
  });

  test.each([
    ['database', 'fleet.db', 'no database '.repeat(1000)],
    ['token', 'token', 'short'],
    ['lock', 'lock.db', 'no database '.repeat(1000)],
  ])('when its %s is not one', async (name, file, content) => {
    const data = join(folder, `broken-${name}`);
    mkdirSync(data);
    writeFileSync(join(data, file), content);
    const { code, stderr } = await refusal('--port', '0', '--data', data);
    expect(code).toBe(4);
    expect(stderr).toContain(data);
  });

  test.each([
    [['--store', 'mongo']],
    [['--port', '70000']],
    [['--port', 'x']],
    [['--unknown']],
    [['--clock-file']],
    [['surplus']],
  ])('when it is used with %j', async (options) => {
    expect(await refusal(...options)).toMatchObject({ code: 2 });
  });

  test.each([
    ['KEYTURN_STORE', 'mongo'],
    ['KEYTURN_PEOPLE', 'everybody'],
    ['KEYTURN_CHECK_IN_SECONDS', 'abc'],
    ['RENEWAL_SCAN_SCHEDULE', 'junk'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'notaurl'],
  ])('when the setting %s is %s, which it names', async (name, value) => {
    const { code, stderr } = await refusalWith({ [name]: value });
    expect(code).toBe(2);
    expect(stderr).toContain(name);
  });
});

test('people sign in with Entra ID where the environment says so, and not with the token', async () => {
  const data = join(folder, 'entra');
  const program = startProgram(['--port', '0', '--data', data], {
    KEYTURN_PEOPLE: 'entra',
    KEYTURN_ENTRA_TENANT: '11111111-1111-4111-8111-111111111111',
    KEYTURN_ENTRA_AUDIENCE: '22222222-2222-4222-8222-222222222222',
  });
  const url = await program.listens;
  const authorization = `Bearer ${readFileSync(join(data, 'token'), 'utf8').trim()}`;
  expect((await fetch(`${url}/api/groups`, { headers: { authorization } })).status).toBe(401);
  program.child.kill('SIGTERM');
  expect((await program.ended).stdout).toContain('--entra-scope api://22222222-2222-4222-8222-222222222222/');
});

test('a clock file without an instant is wrong usage', async () => {
  const clockFile = join(folder, 'no-clock');
  writeFileSync(clockFile, 'soon');
  const { code, stderr } = await keyturn('--data', join(folder, 'c'), '--clock-file', clockFile).ended;
  expect(code).toBe(2);
  expect(stderr).toContain('hint: ');
});

test('--help tells options and exit codes, and starts nothing', async () => {
  const { code, stdout } = await keyturn('--help').ended;
  expect(code).toBe(0);
  for (const word of ['--port', '--data', '--store', '--app', '--clock-file', 'COSMOS', 'Exit codes'])
    expect(stdout).toContain(word);
});
