// A process of its own that holds a folder until it is killed by a test, and keeps nothing of the lock itself.
import { setTimeout as wait } from 'node:timers/promises';
import { sqliteFolderLock } from '../../shared/adapters/sqlite-folder-lock.ts';

sqliteFolderLock(process.argv[2] ?? '');
await wait(10);
globalThis.gc?.();
await wait(10);
process.send?.(typeof globalThis.gc);
// The channel to the test keeps it alive.
process.on('message', () => undefined);
