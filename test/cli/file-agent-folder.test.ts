import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileAgentFolder } from '../../cli/agent/file-agent-folder.ts';

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'keyturn-agent-'));
  path = join(parent, 'agent');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function mode(file: string): Promise<string> {
  return ((await stat(file)).mode & 0o777).toString(8);
}

test('A folder keeps texts by name, whole, for its owner alone', async () => {
  const folder = fileAgentFolder(path);
  expect(await folder.read('agent.json')).toBeNull();
  expect(await folder.list()).toEqual([]);
  await folder.exclusively(async () => {
    await folder.write('agent.json', 'one');
    await folder.write('agent.json', 'two');
    await folder.write('key-1.json', 'secret');
  });
  expect(await folder.read('agent.json')).toBe('two');
  expect((await folder.list()).toSorted()).toEqual(['agent.json', 'key-1.json']);
  expect([await mode(path), await mode(join(path, 'agent.json'))]).toEqual(['700', '600']);
  await folder.remove('key-1.json');
  await folder.remove('key-1.json');
  expect(await folder.list()).toEqual(['agent.json']);
});

test('A folder that others could read is closed before anything is written', async () => {
  const folder = fileAgentFolder(path);
  await folder.exclusively(async () => undefined);
  await chmod(path, 0o755);
  await folder.exclusively(() => folder.write('agent.json', 'one'));
  expect(await mode(path)).toBe('700');
});

test('What a killed write left behind is removed when work begins; nothing else is', async () => {
  const folder = fileAgentFolder(path);
  await folder.exclusively(() => folder.write('key-1.json', 'whole'));
  await writeFile(join(path, 'key-2.json.123456'), 'half a private key');
  await writeFile(join(path, 'notes.txt'), 'a person’s');
  await folder.exclusively(async () => undefined);
  expect((await folder.list()).toSorted()).toEqual(['key-1.json', 'notes.txt']);
});

test('A place that is no folder is a failure that says so', async () => {
  await writeFile(path, 'a file');
  const folder = fileAgentFolder(path);
  await expect(folder.exclusively(async () => undefined)).rejects.toMatchObject({ exit: 'folder' });
  await expect(folder.read('agent.json')).rejects.toMatchObject({ exit: 'folder' });
  expect(await readFile(path, 'utf8')).toBe('a file');
});

test('Work waits for the one before it, and gives up when that does not end', async () => {
  const order: string[] = [];
  const going = Promise.withResolvers<void>();
  const first = fileAgentFolder(path).exclusively(async () => {
    order.push('first begins');
    await going.promise;
    order.push('first ends');
  });
  await expect.poll(() => order).toEqual(['first begins']);
  const hasty = fileAgentFolder(path, { patienceMilliseconds: 0 });
  await expect(hasty.exclusively(async () => undefined)).rejects.toMatchObject({ exit: 'locked' });
  const second = fileAgentFolder(path).exclusively(async () => void order.push('second'));
  going.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['first begins', 'first ends', 'second']);
});

test('There is one daemon at a time, and commands work beside it', async () => {
  const folder = fileAgentFolder(path);
  await folder.asDaemon(async () => {
    await expect(fileAgentFolder(path).asDaemon(async () => undefined)).rejects.toMatchObject({
      exit: 'locked',
    });
    expect(await fileAgentFolder(path).exclusively(async () => 'worked')).toBe('worked');
  });
  expect(await folder.asDaemon(async () => 'next')).toBe('next');
});

test('The lock of a process that was killed is free', async () => {
  const source = new URL('../../cli/agent/file-agent-folder.ts', import.meta.url).href;
  const script = `
    const { fileAgentFolder } = await import(${JSON.stringify(source)});
    await fileAgentFolder(${JSON.stringify(path)}).exclusively(async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const hasty = fileAgentFolder(path, { patienceMilliseconds: 0 });
  await expect(hasty.exclusively(async () => undefined)).rejects.toMatchObject({ exit: 'locked' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(await hasty.exclusively(async () => 'worked')).toBe('worked');
});
