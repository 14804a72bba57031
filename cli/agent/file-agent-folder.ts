// The agent's folder on disk. Promises: nobody else can read it (0700, files 0600), each file is whole, and what has been
// written or removed stays so after a power cut. Both locks are the kernel's to release when a process dies.
import { chmod, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { pause } from '../../shared/adapters/pause.ts';
import { sqliteFolderLock } from '../../shared/adapters/sqlite-folder-lock.ts';
import { FolderLocked } from '../../shared/ports/folder-lock.ts';
import type { FolderLock } from '../../shared/ports/folder-lock.ts';
import { Failure } from '../failure.ts';
import type { AgentFolder } from './agent-folder.ts';

/** How long a command waits for another's work, which includes calls to a service that may be slow. */
const PATIENCE_MILLISECONDS_DEFAULT = 60_000;
const LOOK_AGAIN_MILLISECONDS = 100;
const TELL_AFTER_MILLISECONDS = 1000;

/** What an atomic write leaves behind when it is killed; it may hold a private key. */
const LEFTOVER = /\.(json|pem)\.\d+$/;

export interface FileAgentFolderOptions {
  /** Called once when another process keeps it waiting. */
  readonly onWait?: (message: string) => void;
  readonly patienceMilliseconds?: number;
}

export function fileAgentFolder(path: string, options: FileAgentFolderOptions = {}): AgentFolder {
  const patience = options.patienceMilliseconds ?? PATIENCE_MILLISECONDS_DEFAULT;

  async function prepare(lockName: string): Promise<string> {
    const lockFolder = join(path, lockName);
    await translated(path, () => mkdir(lockFolder, { recursive: true, mode: 0o700 }));
    // The mode above is for new folders alone, and is cut by the umask.
    await translated(path, () => chmod(path, 0o700));
    return lockFolder;
  }

  async function workLock(): Promise<FolderLock> {
    const lockFolder = await prepare('work');
    let isTold = false;
    for (let waited = 0; ; waited += LOOK_AGAIN_MILLISECONDS) {
      try {
        return sqliteFolderLock(lockFolder);
      } catch (error) {
        if (!(error instanceof FolderLocked)) throw error;
        if (waited >= patience) throw locked(path, error, 'Another keyturn command');
        if (waited >= TELL_AFTER_MILLISECONDS && !isTold) {
          isTold = true;
          options.onWait?.(`Waiting for another keyturn command in ${path} (process ${error.pid ?? '?'}).`);
        }
        await pause(LOOK_AGAIN_MILLISECONDS);
      }
    }
  }

  return {
    path,

    async read(name) {
      return translated(path, async () => {
        try {
          return await readFile(join(path, name), 'utf8');
        } catch (error) {
          if (isCode(error, 'ENOENT')) return null;
          throw error;
        }
      });
    },

    async write(name, text) {
      await translated(path, async () => {
        await writeFileAtomic(join(path, name), text, { mode: 0o600, fsync: true });
        await syncFolder(path);
      });
    },

    async remove(name) {
      await translated(path, async () => {
        await rm(join(path, name), { force: true });
        await syncFolder(path);
      });
    },

    async list() {
      return translated(path, () => listFiles(path));
    },

    async exclusively(work) {
      const lock = await workLock();
      try {
        await removeLeftovers(path);
        return await work();
      } finally {
        lock.release();
      }
    },

    async asDaemon(work) {
      const lockFolder = await prepare('daemon');
      let lock: FolderLock;
      try {
        lock = sqliteFolderLock(lockFolder);
      } catch (error) {
        throw error instanceof FolderLocked ? locked(path, error, 'Another agent') : error;
      }
      try {
        return await work();
      } finally {
        lock.release();
      }
    },
  };
}

async function listFiles(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function removeLeftovers(path: string): Promise<void> {
  const leftovers = (await listFiles(path)).filter((name) => LEFTOVER.test(name));
  for (const name of leftovers) await rm(join(path, name), { force: true });
}

/** A rename or removal is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What is wrong with the folder itself becomes a failure that says so. */
async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      (error: unknown) => !isCode(error, 'ENOTDIR'),
    );
    const isForeign = !isFolder || ['EACCES', 'EPERM', 'EROFS'].some((code) => isCode(cause, code));
    if (!isForeign) throw cause;
    const why = isFolder ? `cannot be used: ${(cause as Error).message}` : 'is not a folder';
    throw new Failure('folder', `${path} ${why}`, 'Give the agent’s own folder with --folder.', { cause });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function locked(path: string, cause: FolderLocked, who: string): Failure {
  const pid = cause.pid === null ? '' : `, process ${cause.pid}`;
  return new Failure('locked', `${who} is at work in ${path}${pid}`, 'Wait for it, or stop it.', { cause });
}
