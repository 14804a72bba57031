import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqliteFolderLock } from '../../shared/adapters/sqlite-folder-lock.ts';
import { FolderLocked } from '../../shared/ports/folder-lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function refusal(): unknown {
  try {
    sqliteFolderLock(folder).release();
    return null;
  } catch (error) {
    return error;
  }
}

async function holder(): Promise<ChildProcess> {
  const child = fork(new URL('./folder-lock-holder.ts', import.meta.url), [folder], {
    execArgv: ['--expose-gc'],
  });
  const gc = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error('the holder ended early')));
  });
  expect(gc).toBe('function');
  return child;
}

test('a folder that another process holds is refused with its pid, until that process is killed', async () => {
  const child = await holder();
  expect(refusal()).toBeInstanceOf(FolderLocked);
  expect(refusal()).toMatchObject({ folder, pid: child.pid });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(refusal()).toBeNull();
});

test('the same process is refused as well, until it releases', () => {
  const lock = sqliteFolderLock(folder);
  expect(refusal()).toMatchObject({ pid: process.pid });
  expect(refusal()).toBeInstanceOf(FolderLocked);
  lock.release();
  lock.release();
  expect(refusal()).toBeNull();
});

test('a holder whose pid cannot be told is refused all the same', () => {
  const lock = sqliteFolderLock(folder);
  rmSync(join(folder, 'lock.pid'));
  expect(refusal()).toMatchObject({ name: 'FolderLocked', pid: null });
  lock.release();
});

test('a folder that cannot hold a lock is no locked folder', () => {
  writeFileSync(join(folder, 'lock.db'), 'this is no database, and long enough to tell'.repeat(100));
  const error = refusal();
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(FolderLocked);
});
