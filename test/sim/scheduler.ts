// Time and concurrency of a simulated world. Tasks of several processes take turns at gates: one runs until it comes to its
// next gate or its end, then the one whose time comes first goes on. A killed process's tasks never go on: what was between
// two gates has happened, what comes after has not. Between two gates nothing outside a process changes, so a
// kill at every gate is a kill between any two awaits.
import type { Chance } from './chance.ts';

export class Process {
  readonly name: string;
  isAlive = true;
  /** Gates that it may still pass before it is killed; null for as many as it likes. */
  gatesLeft: number | null = null;
  readonly onDeath = new Set<() => void>();
  constructor(name: string) {
    this.name = name;
  }
}

/** One thread of work of a process. Branches of it may wait at several gates at once. */
interface Task {
  readonly process: Process;
  gates: number;
}

/** A place at a gate. */
interface Turn {
  readonly task: Task;
  at: number;
  go: () => void;
}

/** More happens in no world that works: of this many gates, one goes round in circles. */
const GATES_MAX = 4_000_000;

/** Something goes on and on and comes to nothing. */
export class GoesInCircles extends Error {
  override readonly name = 'GoesInCircles';
}

export class Scheduler {
  /** True time, milliseconds since the epoch. */
  now: number;
  gates = 0;
  /** Processes that died at a gate of their own. */
  kills = 0;
  chance: Chance;
  readonly #waiting = new Set<Turn>();
  #current: Task | null = null;
  #paused: () => void = () => undefined;
  #failure: Error | null = null;
  #isHalted = false;

  constructor(start: number, chance: Chance) {
    this.now = start;
    this.chance = chance;
  }

  /** The process that runs now. */
  get process(): Process {
    if (this.#current === null) throw new Error('nothing runs');
    return this.#current.process;
  }

  /** Has `process` do `work`, from `delayMilliseconds` on. What it throws ends the world. */
  spawn(process: Process, work: () => Promise<void>, delayMilliseconds = 0): void {
    const go = (): void => {
      work().then(
        () => this.#paused(),
        (error: unknown) => {
          this.#failure ??= error instanceof Error ? error : new Error(String(error));
          this.#paused();
        },
      );
    };
    this.#waiting.add({ task: { process, gates: 1 }, at: this.now + delayMilliseconds, go });
  }

  /** A gate: others go first for a moment. */
  pass(): Promise<void> {
    const isSlow = this.chance.percent(0.5);
    return this.sleep(this.chance.integer(1, isSlow ? 5_000 : 30));
  }

  sleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#park({ task: this.#task(), at: this.now + Math.max(0, milliseconds), go: resolve });
    return promise;
  }

  /** Waits until `start`'s callback is called, for `milliseconds` at most; then the promise resolves with null. */
  waitFor<T>(start: (settle: (outcome: T) => void) => void, milliseconds: number): Promise<T | null> {
    const { promise, resolve } = Promise.withResolvers<T | null>();
    const turn = { task: this.#task(), at: this.now + milliseconds, go: () => resolve(null) };
    start((outcome) => {
      if (!this.#waiting.has(turn)) return;
      turn.at = this.now;
      turn.go = () => resolve(outcome);
    });
    this.#park(turn);
    return promise;
  }

  kill(process: Process): void {
    if (!process.isAlive) return;
    process.isAlive = false;
    for (const turn of this.#waiting) if (turn.task.process === process) this.#waiting.delete(turn);
    const told = [...process.onDeath];
    process.onDeath.clear();
    for (const tell of told) tell();
  }

  /** Nothing happens any more. */
  halt(): void {
    this.#isHalted = true;
  }

  /** Lets everything happen that comes by `time`. @throws what a task threw. */
  async runUntil(time: number): Promise<void> {
    for (;;) {
      const next = this.#next();
      if (this.#isHalted || next === null || next.at > time) break;
      this.now = Math.max(this.now, next.at);
      if (this.gates > GATES_MAX) throw new GoesInCircles(`more than ${GATES_MAX} gates`);
      await this.#run(next);
      if (this.#failure !== null) throw this.#failure;
    }
    this.now = Math.max(this.now, time);
  }

  #task(): Task {
    if (this.#current === null) throw new Error('a gate outside of any task');
    return this.#current;
  }

  #park(turn: Turn): void {
    this.gates += 1;
    const { task } = turn;
    const { process } = task;
    task.gates += 1;
    this.#waiting.add(turn);
    if (process.gatesLeft !== null && process.gatesLeft-- <= 0) {
      this.kills += 1;
      this.kill(process);
    }
    if (!process.isAlive) this.#waiting.delete(turn);
    this.#paused();
  }

  #next(): Turn | null {
    let next: Turn | null = null;
    for (const turn of this.#waiting) if (next === null || turn.at < next.at) next = turn;
    return next;
  }

  async #run(turn: Turn): Promise<void> {
    const { task, go } = turn;
    this.#waiting.delete(turn);
    task.gates -= 1;
    this.#current = task;
    await new Promise<void>((resolve) => {
      // Not at once: other branches of the task may be on their way to gates of their own.
      this.#paused = () => setImmediate(resolve);
      go();
      // A branch that ends comes to no gate while its task waits for the others.
      if (task.gates > 0) setImmediate(resolve);
    });
    this.#current = null;
  }
}
