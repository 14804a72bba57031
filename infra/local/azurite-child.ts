// Preloaded into Azurite's process. When the parent is gone, however that ended, Azurite is asked to end as by
// a signal, and writes what it still holds; until it has, no other Azurite reads the folder.
import { mkdirSync } from 'node:fs';
import { pause } from '../../shared/adapters/pause.ts';
import { sqliteFolderLock } from '../../shared/adapters/sqlite-folder-lock.ts';
import { FolderLocked } from '../../shared/ports/folder-lock.ts';

/** Longer than an orphan takes to end. */
const LOCK_TRIES = 100;
const LOCK_PAUSE_MILLISECONDS = 100;

async function lockWhenFree(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      sqliteFolderLock(folder);
      return;
    } catch (error) {
      if (!(error instanceof FolderLocked) || tries === LOCK_TRIES) throw error;
      await pause(LOCK_PAUSE_MILLISECONDS);
    }
  }
}

const location = process.argv[process.argv.indexOf('--location') + 1] ?? '.';
mkdirSync(location, { recursive: true });
await lockWhenFree(location);

// It says that it ends, and nobody may be left to read that: it would break off what it writes.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Waiting for that alone must not keep Azurite alive once it has ended its work.
process.channel?.unref();
