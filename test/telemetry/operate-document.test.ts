// That the page for whoever operates the service names what there is: every metric, and no command or code that is not.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

const commands = found(page, /\bkeyturn ((?:agent|groups|machines|dead-letters) [a-z-]+|events)\b/g);

test('it uses commands', () => expect(commands.length).toBeGreaterThan(5));

test.for(commands)('keyturn %s is a command', async (command) => {
  const args = [`${ROOT}cli/main.ts`, ...command.split(' '), '--help'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain(`keyturn ${command}`);
});
