// What a command says and hears: results on stdout, everything else on stderr, so that stdout can be piped.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { Failure } from './failure.ts';

export interface TerminalStreams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line beside the result: progress, hints. */
  note(line: string): void;
  /** Colours text of the result where colours are wanted: a terminal, and no NO_COLOR. */
  style(style: Style, text: string): string;
  /** The same for notes. */
  noteStyle(style: Style, text: string): string;
  /** The `keyturn …` commands in a text, as this person types them: through npm, if that is how this one came. */
  commands(text: string): string;
  /** Whether a person is there to be asked. */
  readonly isInteractive: boolean;
  /** Asks a person. @throws Failure `usage` where there is nobody, or no answer; `interrupted` at Ctrl-C. */
  ask(question: string): Promise<string>;
  /** Asks without showing the answer. @throws as `ask`. */
  askHidden(question: string): Promise<string>;
  /** All of stdin, without the newline at its end. */
  readStdin(): Promise<string>;
}

const COMMAND = /\bkeyturn (?=(agent|groups|machines|events)\b|--help)/g;

export function streamTerminal(streams: TerminalStreams, env: NodeJS.ProcessEnv): Terminal {
  const { stdin, stdout, stderr } = streams;
  const isInteractive = stdin.isTTY === true && stderr.isTTY === true;

  async function question(text: string, hidden: boolean): Promise<string> {
    if (!isInteractive) throw nobody(text);
    // Line editing echoes what is typed: for a hidden answer it writes to nowhere, and the question is written here.
    if (hidden) stderr.write(text);
    const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : stderr;
    const lines = createInterface({ input: stdin, output, terminal: true });
    const ended = new AbortController();
    lines.once('close', () => ended.abort());
    let isInterrupted = false;
    lines.once('SIGINT', () => {
      isInterrupted = true;
      lines.close();
    });
    try {
      return await lines.question(hidden ? '' : text, { signal: ended.signal });
    } catch (cause) {
      if (!ended.signal.aborted) throw cause;
      if (isInterrupted) throw new Failure('interrupted', 'Interrupted', null, { cause });
      throw new Failure('usage', 'No answer was given', null, { cause });
    } finally {
      lines.close();
      if (hidden) stderr.write('\n');
    }
  }

  return {
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    style: styler(wantsColour(stdout, env)),
    noteStyle: styler(wantsColour(stderr, env)),
    commands: (text) =>
      env.npm_lifecycle_event === 'keyturn' ? text.replaceAll(COMMAND, 'npm run keyturn -- ') : text,
    isInteractive,
    ask: (text) => question(text, false),
    askHidden: (text) => question(text, true),
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks)
        .toString('utf8')
        .replace(/\r?\n$/, '');
    },
  };
}

function nobody(text: string): Failure {
  return new Failure('usage', `There is no terminal to ask on: ${text.replace(/[:?]? *$/, '')}`);
}

function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

function styler(isWanted: boolean): (style: Style, text: string) => string {
  return (style, text) => (isWanted ? styleText(style, text, { validateStream: false }) : text);
}
