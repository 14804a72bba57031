// That the page for whoever operates the service names what there is: every metric, and no command or code that is not. What is
// to be typed on any page can be typed.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { PROBLEMS } from '../../shared/api/problem.ts';
import type { Health } from '../../shared/api/event.ts';
import { startService } from '../service/running-service.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${ROOT}docs/operate.md`, 'utf8');
const measures = readFileSync(`${ROOT}shared/telemetry/measures.ts`, 'utf8');

function found(text: string, form: RegExp): string[] {
  return [...new Set([...text.matchAll(form)].map(([, name = '']) => name))].toSorted();
}

let shown: string[];
let checks: string[];
beforeAll(async () => {
  const service = await startService();
  shown = found((await service.call<string>('GET', 'metrics')).body, /^# TYPE (\w+) /gm);
  const { body } = await service.call<Health>('GET', 'health', undefined, null);
  checks = body.checks.map(({ name }) => name);
  await service.stop();
});

test('it names every figure of the metrics page, and no other', () => {
  // What a Prometheus makes of a histogram that comes by OTLP is of its own naming.
  const named = found(page, /\b(keyturn_\w+)/g).filter((name) => !name.startsWith('keyturn_call_duration'));
  const all = [...shown, 'keyturn_nearest_expiry_days'].filter(
    (name) => !name.endsWith('_taken_timestamp_seconds'),
  );
  expect(named).toEqual(all.toSorted());
  expect(page).toContain('`…_taken_timestamp_seconds`');
});

test('it names everything that is counted, with its labels', () => {
  const counted = found(measures, /'(keyturn\.[\w.]+)'/g);
  expect(counted.length).toBeGreaterThan(5);
  expect(found(page, /`(keyturn\.[\w.]+)\{/g)).toEqual(counted);
});

test('it says of each check of health what to do', () => {
  for (const check of checks) expect(page).toContain(`- **\`${check}\`**`);
});

test('the codes that it looks for are problems’', () => {
  const codes = found(page, /\b(AuthToken\w+|Overloaded|\w+Unavailable)\b/g);
  expect(codes).toContain('Overloaded');
  expect(Object.keys(PROBLEMS)).toEqual(expect.arrayContaining(codes));
});

/** Pages with commands to type. */
const typed = readdirSync(`${ROOT}docs`)
  .map((name) => [name, readFileSync(`${ROOT}docs/${name}`, 'utf8')] as const)
  .filter(([, text]) => /^keyturn /m.test(text));

test('it has commands to type', () => expect(typed.map(([name]) => name)).toContain('operate.md'));

test.for(typed)('%s says first what keyturn is, which nothing installs', ([, text]) => {
  const { bin, scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    bin?: unknown;
    scripts: Record<string, string>;
  };
  expect(bin).toBeUndefined();
  const [beginning = ''] = text.split(/^(?:## |```)/m);
  const [, script = ''] = /`alias keyturn='npm run --silent (\w+) --'`/.exec(beginning) ?? [];
  expect(scripts[script]).toBe('node cli/main.ts');
});

const commands = found(
  typed.map(([, text]) => text).join(),
  /\bkeyturn ((?:agent|groups|machines|dead-letters) [a-z-]+|events)\b/g,
);

test('it uses commands', () => expect(commands.length).toBeGreaterThan(5));

test.for(commands)('keyturn %s is a command', async (command) => {
  const args = [`${ROOT}cli/main.ts`, ...command.split(' '), '--help'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain(`keyturn ${command}`);
});
