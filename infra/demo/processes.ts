// The demonstration's processes: the service and the agents, each a program of its own, as a user would start them. They share
// one virtual clock, a file that the demonstration sets.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One line of a running agent's report. */
export interface AgentLine {
  readonly event: string;
  readonly text: string;
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Processes {
  readonly folder: string;
  readonly #running = new Set<ChildProcess>();
  #isStopping = false;

  /** @param folder where everything of the demonstration is kept. */
  constructor(folder: string) {
    this.folder = folder;
  }

  get clockFile(): string {
    return join(this.folder, 'clock');
  }

  /** Starts the service on a free port; resolves with its address and its owner's token. */
  async startService(): Promise<{ url: string; token: string }> {
    const data = join(this.folder, 'service');
    const child = this.#spawn([
      'infra/local/main.ts',
      '--port',
      '0',
      '--data',
      data,
      '--clock-file',
      this.clockFile,
    ]);
    const errors = collect(child.stderr);
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /listens on (\S+)/.exec(line)?.[1];
      if (url !== undefined) {
        child.stdout.resume();
        return { url, token: (await readFile(join(data, 'token'), 'utf8')).trim() };
      }
    }
    throw new Error(`the service did not start:\n${errors.text}`);
  }

  agentFolder(name: string): string {
    return join(this.folder, name);
  }

  /** Runs one agent command to its end; `input` goes to its standard input. */
  async agent(name: string, words: readonly string[], input = ''): Promise<Finished> {
    const child = this.#spawn(['cli/main.ts', 'agent', ...words, '--folder', this.agentFolder(name)]);
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    child.stdin.end(input);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode: exitCode ?? -1, stdout: output.text, stderr: errors.text };
  }

  /** Starts an agent's daemon; `tell` gets each line of its report. */
  startAgent(name: string, agentVersion: string | null, tell: (line: AgentLine) => void): ChildProcess {
    const version = agentVersion === null ? [] : ['--agent-version', agentVersion];
    const child = this.#spawn([
      'cli/main.ts',
      'agent',
      'run',
      '--json',
      '--folder',
      this.agentFolder(name),
      ...version,
    ]);
    createInterface({ input: child.stdout }).on('line', (line) => tell(JSON.parse(line) as AgentLine));
    child.stderr.pipe(process.stderr);
    return child;
  }

  async stop(child: ChildProcess): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    return child.exitCode;
  }

  /** Stops everything that runs, the last started first; nothing starts after that. */
  async stopAll(): Promise<void> {
    this.#isStopping = true;
    for (const child of [...this.#running].toReversed()) await this.stop(child);
  }

  #spawn(words: readonly string[]) {
    if (this.#isStopping) throw new Error('the demonstration is being stopped');
    const child = spawn(process.execPath, [...words], {
      cwd: ROOT,
      env: { ...process.env, KEYTURN_CLOCK_FILE: this.clockFile, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C is for the demonstration, which stops them in order.
      detached: true,
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }
}

function collect(stream: NodeJS.ReadableStream): { readonly text: string } {
  const collected = { text: '' };
  stream.on('data', (chunk: Buffer) => (collected.text += chunk.toString()));
  return collected;
}
