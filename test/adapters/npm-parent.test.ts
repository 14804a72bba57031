import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { callersFolder } from '../../shared/adapters/npm-parent.ts';

const MODULE = fileURLToPath(new URL('../../shared/adapters/npm-parent.ts', import.meta.url));

/** A program that says its process id, works on for half a minute, and ends with 42 where it notices. */
const PROGRAM = `
  import { whenNpmShellIsGone } from '${MODULE}';
  whenNpmShellIsGone(process.env, () => { console.log('gone'); process.exit(42); });
  console.log(process.pid);
  setTimeout(() => {}, 30_000);
`;

async function shellWith(environment: object) {
  const shell = spawn('sh', ['-c', `"${process.execPath}" --input-type=module -e "$PROGRAM"; true`], {
    env: { PATH: process.env['PATH'], PROGRAM, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  const pid = Number((await lines.next()).value);
  shell.kill('SIGKILL');
  await once(shell, 'exit');
  return { pid, lines };
}

test('a program that npm started ends when the shell between them is gone', async () => {
  const { lines } = await shellWith({ npm_lifecycle_event: 'start' });
  expect((await lines.next()).value).toBe('gone');
});

test('a program that a person started stays', async () => {
  const { pid, lines } = await shellWith({});
  const first = await Promise.race([
    lines.next(),
    new Promise((resolve) => setTimeout(() => resolve('still there'), 1500)),
  ]);
  expect(first).toBe('still there');
  process.kill(pid, 'SIGKILL');
});

test.each([
  [{}, process.cwd()],
  [{ INIT_CWD: '/home/me', npm_lifecycle_event: 'keyturn' }, '/home/me'],
  [{ INIT_CWD: '/home/me', npm_lifecycle_event: 'test' }, process.cwd()],
  [{ INIT_CWD: '/home/me' }, process.cwd()],
])('with %j in its environment, a program was called from %s', (environment, folder) => {
  expect(callersFolder(environment, 'keyturn')).toBe(folder);
});
