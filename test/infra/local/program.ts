// `npm start` as a process of its own, for tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../infra/local/main.ts', import.meta.url));

export interface Program {
  readonly child: ChildProcess;
  /** What it printed by the time it ended. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** The URL it listens on. */
  readonly listens: Promise<string>;
  /** What it has said on standard error by now. */
  readonly complaints: () => string;
}

/** @param settings in its environment, besides this process's. */
export function startProgram(
  options: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(process.execPath, [MAIN, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...settings },
  });
  const [listens, ended] = [Promise.withResolvers<string>(), Promise.withResolvers<never>()];
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const url = /listens on (\S+)/.exec(stdout)?.[1];
    if (url !== undefined) listens.resolve(url);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.once('close', (code) => {
    listens.reject(new Error(`ended with ${code}: ${stderr}`));
    ended.resolve({ code, stdout, stderr } as never);
  });
  listens.promise.catch(() => undefined);
  // A test that failed leaves none behind.
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: ended.promise, listens: listens.promise, complaints: () => stderr };
}

/** It ends before it has printed anything but why, and what to do. */
export async function refusalOf(program: Program) {
  const { code, stdout, stderr } = await program.ended;
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^keyturn: error: .+\nhint: .+\n$/);
  return { code, stderr };
}
