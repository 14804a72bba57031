import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

async function startedDemo() {
  const child = spawn(process.execPath, ['infra/demo/main.ts'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.resume();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url, folder] = /listens on (\S+); its data is in (\S+)/.exec(line) ?? [];
    if (url !== undefined && folder !== undefined) return { child, url, folder };
  }
  throw new Error('the demonstration did not start');
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s stops all that the demonstration started, and removes its folder', async (signal, code) => {
  const { child, url, folder } = await startedDemo();
  child.stdout.resume();
  expect(existsSync(folder)).toBe(true);
  child.kill(signal);
  expect(await once(child, 'close')).toEqual([code, null]);
  expect(existsSync(folder)).toBe(false);
  await expect(fetch(url)).rejects.toBeInstanceOf(TypeError);
});

test('So does a reader that has had enough', async () => {
  const { child, url, folder } = await startedDemo();
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([141, null]);
  expect(existsSync(folder)).toBe(false);
  await expect(fetch(url)).rejects.toBeInstanceOf(TypeError);
});

test('Help starts nothing', async () => {
  const child = spawn(process.execPath, ['infra/demo/main.ts', '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
});
