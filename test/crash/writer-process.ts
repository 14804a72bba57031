// The writer as seen from outside: started ahead, set to work, killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));

export interface WriterProcess {
  /** Lets it open the file and write. */
  begin(file: string): void;
  /** Resolves once it has printed a line that begins with `start`, or has ended. */
  printed(start: string): Promise<void>;
  /** Kills it, and answers the lines that it printed; one that was cut off acknowledges nothing. */
  kill(): Promise<{ readonly lines: string[]; readonly isKilled: boolean }>;
  /** Ends one that was never set to work. */
  dismiss(): Promise<void>;
}

/** Starts one, which loads its code and waits: starting takes longer than most of its lives. */
export function startWriter(cache: string): WriterProcess {
  const child = spawn(process.execPath, [WRITER], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // Of one that failed before it was given its file; how it ended is told.
  child.stdin.on('error', () => {});
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });

  return {
    begin: (file) => void child.stdin.end(file),
    async printed(start) {
      const isPrinted = (): boolean => output.startsWith(start) || output.includes(`\n${start}`);
      while (!isPrinted() && child.exitCode === null && child.signalCode === null) {
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      const [, signal] = await closed;
      return { lines: output.split('\n').slice(0, -1), isKilled: signal === 'SIGKILL' };
    },
    async dismiss() {
      child.stdin.end();
      await closed;
    },
  };
}
