// The command line in this process: what a person would type, and what it says on both streams.
import { Readable, Writable } from 'node:stream';
import { runCli } from '../../cli/program.ts';
import { processWorld } from '../../cli/world.ts';
import type { World } from '../../cli/world.ts';

export interface Transcript {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLineOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  readonly isTTY?: boolean;
  readonly stop?: AbortSignal;
  readonly observe?: World['observe'];
}

export async function keyturn(
  args: readonly string[],
  options: CommandLineOptions = {},
): Promise<Transcript> {
  const { isTTY = false } = options;
  const out = collector(isTTY);
  const err = collector(isTTY);
  const stdin = Object.assign(
    Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    {
      isTTY,
    },
  );
  const code = await runCli(
    args,
    processWorld({
      streams: { stdin, stdout: out.stream, stderr: err.stream },
      env: options.env ?? {},
      ...(options.stop && { stop: () => options.stop as AbortSignal }),
      ...(options.observe && { observe: options.observe }),
    }),
  );
  return { code, stdout: out.text(), stderr: err.text() };
}

function collector(isTTY: boolean): { stream: Writable & { isTTY: boolean }; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => chunks.join('') };
}
