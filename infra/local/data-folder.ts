// The folder that holds everything of a Keyturn on one machine. One process at a time has it open, and no
// other user of the machine can read it.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { sqliteFolderLock } from '../../shared/adapters/sqlite-folder-lock.ts';
import { FolderLocked } from '../../shared/ports/folder-lock.ts';
import { errorCode, StartFailure } from './start-failure.ts';

export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  readonly databaseFile: string;
  readonly blobsFolder: string;
  /** Holds the bearer token with which the owner of the folder signs in as administrator. */
  readonly tokenFile: string;
  /** SHA-256 of that token, in hex. */
  readonly tokenSha256: string;
  /** Lets another process have the folder. */
  release(): void;
}

const NOT_A_FOLDER: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR']);
const NOT_WRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

function unusable(path: string, error: unknown): StartFailure {
  const code = errorCode(error) ?? '';
  const [problem, hint] = NOT_A_FOLDER.has(code)
    ? ['is not a folder', 'name another folder with --data']
    : NOT_WRITABLE.has(code)
      ? ['cannot be written', 'let this user write there, or name another folder with --data']
      : [
          `cannot be used: ${error instanceof Error ? error.message : String(error)}`,
          'look at the folder and its disk, or name another folder with --data',
        ];
  return new StartFailure('dataUnusable', `${path} ${problem}`, hint, { cause: error });
}

function lock(path: string) {
  try {
    return sqliteFolderLock(path);
  } catch (error) {
    if (!(error instanceof FolderLocked)) throw error;
    const hint = 'stop that one, or start this one with another --data and --port';
    throw new StartFailure('locked', error.message, hint, { cause: error });
  }
}

/** The owner's token, made at the first start. */
function ownerToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (TOKEN.test(token)) return token;
    throw new StartFailure(
      'dataUnusable',
      `${file} holds no token`,
      'delete it: the next start makes a new one',
    );
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const token = randomBytes(32).toString('base64url');
  writeFileAtomic.sync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/**
 * Opens the folder for this process alone, making it and its token at the first start.
 * @throws StartFailure when another process has it, or it cannot be used.
 */
export function openDataFolder(folder: string): DataFolder {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const held = lock(path);
    const tokenFile = join(path, 'token');
    return {
      path,
      databaseFile: join(path, 'fleet.db'),
      blobsFolder: join(path, 'azurite'),
      tokenFile,
      tokenSha256: createHash('sha256').update(ownerToken(tokenFile)).digest('hex'),
      release: () => held.release(),
    };
  } catch (error) {
    throw error instanceof StartFailure ? error : unusable(path, error);
  }
}
