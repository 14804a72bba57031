// The bundle as it is deployed, built into a folder of the test's own and loaded in a process of its own.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, buildBundle, differences, MAIN, registrationsOf } from '../../infra/bundle.ts';
import type { FunctionMetadata } from '../../infra/local/rpc.ts';
import { refusalOf, startProgram } from './local/program.ts';

const FUNCTIONS = fileURLToPath(new URL('../../functions/', import.meta.url));

let folder = '';
let dist = '';
let bundle: Bundle;
let sources: readonly FunctionMetadata[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-bundle-'));
  dist = join(folder, 'dist');
  bundle = await buildBundle({ folder: dist });
  sources = await registrationsOf(join(FUNCTIONS, 'index.ts'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The bindings of one type, by the names of their functions. */
function bindingsOf(type: string): Record<string, Record<string, unknown>> {
  const found = bundle.functions.flatMap(({ name, bindings }) =>
    Object.values(bindings)
      .filter((binding) => binding.type === type)
      .map((binding) => [name, binding] as const),
  );
  return Object.fromEntries(found);
}

describe('the bundle', () => {
  test('registers what the sources register, to the letter', () => {
    expect(bundle.functions).toEqual(sources);
    expect(bundle.functions.length).toBeGreaterThan(25);
  });

  test('has timers on schedules from settings, past due runs told and none at every start', () => {
    const timers = bindingsOf('timerTrigger');
    expect(Object.keys(timers)).toEqual(['fleet-metrics', 'renewal-scan']);
    for (const timer of Object.values(timers)) {
      expect(timer['schedule']).toMatch(/^%[A-Z_]+%$/);
      expect(timer['runOnStartup']).toBe(false);
    }
  });

  test('has consumers of the change feed with leases of their own, in a container that is declared', () => {
    const feeds = bindingsOf('cosmosDBTrigger');
    expect(Object.keys(feeds)).toEqual(['event-notifications', 'fleet-changes']);
    for (const [name, feed] of Object.entries(feeds)) {
      expect(feed).toMatchObject({
        connection: 'COSMOS',
        databaseName: '%COSMOS_DATABASE%',
        containerName: 'fleet',
        leaseContainerName: 'leases',
        leaseContainerPrefix: name,
        createLeaseContainerIfNotExists: false,
        startFromBeginning: true,
      });
    }
  });

  test('has the queue of what is tried again', () => {
    expect(bindingsOf('queueTrigger')).toMatchObject({
      'fleet-retries': { connection: 'AzureWebJobsStorage', queueName: 'fleet-retries' },
    });
  });

  test('asks no key of the host for any route: who calls is what the service finds out', () => {
    const routes = Object.values(bindingsOf('httpTrigger'));
    expect(routes.length).toBeGreaterThan(20);
    expect(new Set(routes.map((route) => route['authLevel']))).toEqual(new Set(['anonymous']));
  });

  test('lies beside what the host reads, and nothing else', () => {
    expect(readdirSync(dist).toSorted()).toEqual([
      'host.json',
      'keyturn.cjs',
      'keyturn.cjs.LEGAL.txt',
      'keyturn.cjs.map',
      MAIN,
      'package.json',
    ]);
    expect(JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'))).toMatchObject({ main: MAIN });
    expect(readFileSync(join(dist, 'keyturn.cjs'), 'utf8')).toContain('require("@azure/functions-core")');
  });

  test('serves a fleet on the embedded host as the sources do', async () => {
    const options = ['--app', dist, '--port', '0', '--data', join(folder, 'data')];
    const program = startProgram(options);
    const health = await fetch(`${await program.listens}/api/health`);
    expect(await health.json()).toMatchObject({ status: 'ok' });
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['nothing', {}, /package\.json cannot be read/],
    ['a broken package.json', { 'package.json': '{' }, /package\.json cannot be read/],
    ['no main', { 'package.json': '{}', 'host.json': '{}' }, /names no main/],
    ['no host.json', { 'package.json': '{"main":"a.cjs"}', 'a.cjs': '' }, /there is no .*host\.json/],
    // As a clone is before npm run build.
    ['no bundle', { 'package.json': '{"main":"dist/a.cjs"}', 'host.json': '{}' }, /there is no .*a\.cjs/],
  ])('is refused where there is %s', async (title, files, words) => {
    const app = mkdtempSync(join(folder, 'app-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
    const options = ['--app', app, '--port', '0', '--data', join(folder, title)];
    const { code, stderr } = await refusalOf(startProgram(options));
    expect(stderr).toMatch(words);
    expect(stderr).toContain('npm run build');
    expect(code).toBe(2);
  });
});

describe('a build fails', () => {
  let made = 0;
  async function buildOf(text: string): Promise<unknown> {
    made++;
    const entry = join(folder, `entry-${made}.ts`);
    writeFileSync(entry, text);
    return buildBundle({ folder: join(folder, `dist-${made}`), entry });
  }
  const service = JSON.stringify(join(FUNCTIONS, 'service.http.ts'));

  test.each([
    ['registers nothing', 'export {};', /registers nothing/],
    ['registers too little', `import ${service};`, /lacks check-?in.*lacks renewal-scan/i],
    [
      'cannot be loaded, which is told by the line of its source',
      "\n\nthrow new Error('broken');",
      /entry-3\.ts:3/,
    ],
  ])('when the bundle %s', async (_, text, reason) => {
    await expect(buildOf(text)).rejects.toThrow(reason);
  });
});

const timer = (name: string, schedule: string): FunctionMetadata => ({
  name,
  bindings: { timer: { name: 'timer', type: 'timerTrigger', direction: 'in', schedule } },
});

describe('a difference from the sources is told:', () => {
  test.each([
    ['none', [timer('a', 'x')], []],
    ['a function otherwise', [timer('a', 'y')], ['it registers a otherwise']],
    ['one that is missing', [timer('b', 'x')], ['it lacks a', 'it adds b']],
    ['nothing at all', [], ['it registers nothing']],
  ])('%s', (_, built, told) => {
    expect(differences(built, [timer('a', 'x')])).toEqual(told);
  });
});
