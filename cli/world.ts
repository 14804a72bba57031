// All that the command line touches outside itself. Tests hand in their own.
import { resolve } from 'node:path';
import type { AgentStep } from './agent/steps.ts';
import { callersFolder, whenNpmShellIsGone } from '../shared/adapters/npm-parent.ts';
import type { TerminalStreams } from './terminal.ts';

export interface World {
  readonly streams: TerminalStreams;
  readonly env: NodeJS.ProcessEnv;
  /** What people type is relative to it. */
  readonly cwd: string;
  /** Where a service on this machine keeps its data, unless it was told. */
  readonly localData: string;
  /** Aborts when the command is told to stop. */
  readonly stop: () => AbortSignal;
  /** Called at each step of an agent: for tests that stop it there. */
  readonly observe: (step: AgentStep) => void | Promise<void>;
}

/** The process's own. */
export function processWorld(changes: Partial<World> = {}): World {
  return {
    streams: process,
    env: process.env,
    cwd: callersFolder(process.env, 'keyturn'),
    localData: resolve('.keyturn'),
    stop: stopSignal,
    observe: () => undefined,
    ...changes,
  };
}

/** The first SIGTERM or SIGINT asks to stop; the second ends the process as it always does. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort());
  whenNpmShellIsGone(process.env, () => controller.abort());
  return controller.signal;
}
