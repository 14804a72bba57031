// Writes a file that only its owner may read, and never over another.
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure } from './failure.ts';

/** Answers the file's whole path. @throws Failure `usage` when it exists already. */
export async function writeNewFile(cwd: string, file: string, content: Uint8Array): Promise<string> {
  const path = resolve(cwd, file);
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    const why = cause.code === 'EEXIST' ? 'exists already' : `cannot be written: ${cause.message}`;
    throw new Failure('usage', `${path} ${why}`, 'Give another file with --out.', { cause });
  }
  return path;
}
