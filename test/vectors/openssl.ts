// OpenSSL's command line: an implementation that is not ours, to make and to read what ours reads and makes.
import { spawnSync } from 'node:child_process';

/** Runs `openssl` and answers what it printed; throws, saying why, when it is missing or fails. */
export function openssl(args: readonly string[], input?: Uint8Array | string): Buffer {
  const run = spawnSync('openssl', args, { ...(input === undefined ? {} : { input }), maxBuffer: 1 << 20 });
  if (run.error !== undefined) {
    throw new Error('these tests need OpenSSL 3 on the PATH (Debian: apt-get install openssl)', {
      cause: run.error,
    });
  }
  if (run.status !== 0) throw new Error(`openssl ${args.join(' ')} failed: ${run.stderr.toString()}`);
  return run.stdout;
}
