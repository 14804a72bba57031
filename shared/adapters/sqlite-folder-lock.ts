// A lock on a folder that the kernel releases when its process dies, kill -9 included: SQLite's exclusive
// lock on an empty database in it. Nothing else in the process may open that file: closing any handle on
// a file gives up a process's POSIX locks on it. So the holder's pid is written to a file beside it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FolderLocked, type FolderLock } from '../ports/folder-lock.ts';

const LOCK_FILE = 'lock.db';
const PID_FILE = 'lock.pid';
const SQLITE_BUSY = 5;

/** A database that nobody refers to any more would be closed, and the folder open to others. */
const held = new Set<DatabaseSync>();

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function readPid(folder: string): number | null {
  try {
    const pid = Number(readFileSync(join(folder, PID_FILE), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    // The holder writes it just after it has the lock.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Takes the lock on an existing folder, at once or not at all. A second lock by the same process is refused too.
 * @throws FolderLocked when it is taken.
 * @throws Error of `node:sqlite` or `node:fs` when the folder or its lock file cannot be used.
 */
export function sqliteFolderLock(folder: string): FolderLock {
  const database = new DatabaseSync(join(folder, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    writeFileSync(join(folder, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw isBusy(error) ? new FolderLocked(folder, readPid(folder)) : error;
  }
  held.add(database);
  return {
    release() {
      if (!held.delete(database)) return;
      rmSync(join(folder, PID_FILE), { force: true });
      database.close();
    },
  };
}
