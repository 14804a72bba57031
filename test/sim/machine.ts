// One machine of a simulated world: a folder that outlives its processes, a daemon that is the agent's real one, and the
// commands that a person gives it. A clone, a restored backup or a reinstalled machine is the same class with other texts.
import type { Agent } from '../../cli/agent/agent.ts';
import type { AgentEvent } from '../../cli/agent/agent-events.ts';
import type { AgentFolder } from '../../cli/agent/agent-folder.ts';
import { runDaemon } from '../../cli/agent/daemon.ts';
import { Failure } from '../../cli/failure.ts';
import { httpServiceClient, ServiceUnreachable, UnexpectedAnswer } from '../../shared/api/client.ts';
import { Problem } from '../../shared/api/problem.ts';
import { newGroupKey } from '../../shared/crypto/group-key.ts';
import { toInstant } from '../../shared/domain/instant.ts';
import type { LieKind } from './liar.ts';
import { Process } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';

const LOCK_MILLISECONDS_MAX = 30_000;
/** A person does not wait longer for a command. */
const PATIENCE_MILLISECONDS = 3_600_000;
export const CAPABLE_VERSION = '3.0.0';
export const OUTDATED_VERSION = '2.9.1';

/** What a machine tells the world, and asks of it. */
export interface MachineSurroundings {
  readonly scheduler: Scheduler;
  readonly network: (machine: SimMachine, process: Process) => typeof globalThis.fetch;
  readonly onKeyMade: (thumbprint: string) => void;
  readonly onText: (machine: SimMachine, name: string, text: string | null) => void;
  readonly onEvent: (machine: SimMachine, process: Process, event: AgentEvent) => void;
  /** An error that no agent should end in. */
  readonly onCrash: (machine: SimMachine, error: unknown) => void;
}

export class SimMachine {
  readonly index: number;
  readonly #world: MachineSurroundings;
  texts = new Map<string, string>();
  backup: Map<string, string> | null = null;
  version = CAPABLE_VERSION;
  clockOffsetMilliseconds = 0;
  daemon: Process | null = null;
  /** The service lies to it in this way. */
  lie: LieKind | null = null;
  /** Somebody has meddled with its folder: what it holds proves nothing of the product any more. */
  isTampered = false;
  isLeaving = false;
  /** What its last command or call was refused with; for whoever looks for a cause. */
  lastRefusal = 'nothing';
  #holder: Process | null = null;

  constructor(index: number, world: MachineSurroundings) {
    this.index = index;
    this.#world = world;
  }

  get record(): { readonly groupId: string; readonly machineId: string } | null {
    const text = this.texts.get('agent.json');
    return text === undefined ? null : (JSON.parse(text) as { groupId: string; machineId: string });
  }

  get isCapable(): boolean {
    return this.version === CAPABLE_VERSION;
  }

  /** Keys that it can use: held ones, and the one that it made and has yet to see confirmed. */
  get keys(): { readonly version: number; readonly thumbprint: string; readonly provedOn?: string | null }[] {
    return [...this.texts]
      .filter(([name]) => /^(key-\d+|staged-key)\.json$/.test(name))
      .map(([, text]) => JSON.parse(text) as { version: number; thumbprint: string });
  }

  get isOn(): boolean {
    return this.daemon?.isAlive === true;
  }

  powerOn(): void {
    if (this.isOn) return;
    const process = new Process(`machine ${this.index}`);
    this.daemon = process;
    this.#world.scheduler.spawn(process, async () => {
      await this.#attempt(() => runDaemon(this.agent(process), new AbortController().signal));
      process.isAlive = false;
    });
  }

  powerOff(): void {
    if (this.daemon !== null) this.#world.scheduler.kill(this.daemon);
  }

  /** A person's command, in a process of its own, in the background. */
  command(work: (agent: Agent) => Promise<unknown>): void {
    const process = new Process(`person at machine ${this.index}`);
    const { scheduler } = this.#world;
    scheduler.spawn(process, async () => {
      await this.#attempt(() => work(this.agent(process)));
      process.isAlive = false;
    });
    scheduler.spawn(new Process('patience'), async () => scheduler.kill(process), PATIENCE_MILLISECONDS);
  }

  agent(process: Process): Agent {
    const { scheduler, network, onKeyMade, onEvent } = this.#world;
    return {
      folder: this.#folder(process),
      clock: {
        now: () => toInstant(scheduler.now + this.clockOffsetMilliseconds),
        sleep: (seconds) => scheduler.sleep(seconds * 1000),
      },
      connect: (server) => httpServiceClient({ server, fetch: network(this, process) }),
      version: this.version,
      newGroupKey: async (options) => {
        await scheduler.sleep(scheduler.chance.integer(500, 5_000));
        const key = await newGroupKey(options);
        onKeyMade(key.certificate.thumbprint);
        return key;
      },
      observe: () => scheduler.pass(),
      report: (event) => onEvent(this, process, event),
    };
  }

  #folder(process: Process): AgentFolder {
    const { scheduler, onText } = this.#world;
    return {
      path: `folder of machine ${this.index}`,
      read: (name) => Promise.resolve(this.texts.get(name) ?? null),
      list: () => Promise.resolve([...this.texts.keys()]),
      write: async (name, text) => {
        await scheduler.pass();
        this.texts.set(name, text);
        onText(this, name, text);
        await scheduler.pass();
      },
      remove: async (name) => {
        await scheduler.pass();
        if (this.texts.delete(name)) onText(this, name, null);
        await scheduler.pass();
      },
      exclusively: async (work) => {
        await this.#lock(process);
        try {
          return await work();
        } finally {
          this.#holder = null;
        }
      },
      asDaemon: (work) => work(),
    };
  }

  /** Dies with its process, as the file system's does. */
  async #lock(process: Process): Promise<void> {
    const { scheduler } = this.#world;
    const until = scheduler.now + LOCK_MILLISECONDS_MAX;
    while (this.#holder?.isAlive === true) {
      if (scheduler.now >= until) throw new Failure('locked', 'another agent works in the folder');
      await scheduler.sleep(500);
    }
    this.#holder = process;
  }

  /** Ends as a command does: with an error that people are told of. Anything else is a crash. */
  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof Error) {
        const { code } = error as { code?: string };
        this.lastRefusal = `${code ?? error.name}: ${error.message}`;
      }
      const isTold = [Problem, Failure, ServiceUnreachable].some((known) => error instanceof known);
      const isLiedTo = this.lie !== null && error instanceof UnexpectedAnswer;
      if (!isTold && !isLiedTo) this.#world.onCrash(this, error);
    }
  }
}
