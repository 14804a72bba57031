// The writer as seen from outside: started ahead, set to work, killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));

export interface WriterProcess {
  /** Lets it open the file and write. */
  begin(file: string): void;
  /** Resolves once it has printed a line that begins with `start`. @throws when it ends before. */
  printed(start: string): Promise<void>;
  /** Kills it, and answers the lines that it printed; one that was cut off acknowledges nothing. @throws when it ended by itself. */
  kill(): Promise<string[]>;
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
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });

  return {
    begin: (file) => void child.stdin.end(file),
    async printed(start) {
      const hasBegun = (): boolean => output.startsWith(start) || output.includes(`\n${start}`);
      while (!hasBegun()) {
        const ended = await Promise.race([once(child.stdout, 'data'), closed.then(() => 'ended' as const)]);
        if (ended === 'ended' && !hasBegun()) throw new Error('the writer ended by itself');
      }
    },
    async kill() {
      child.kill('SIGKILL');
      const [code, signal] = await closed;
      if (signal !== 'SIGKILL') throw new Error(`the writer had ended with ${code ?? signal}`);
      return output.split('\n').slice(0, -1);
    },
    async dismiss() {
      child.stdin.end();
      await closed;
    },
  };
}
