// The simulated Functions host: runs the scan when something is due; hands changes to the consumers of the change feed, at
// least once, in order per group, in batches that are split, repeated, delayed and mixed among groups; and shows the queue's
// messages, some at once, some late, some again.
import type { Weather } from './faults.ts';
import { Process } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import type { Service } from './service.ts';
import type { SessionStore } from './session-store.ts';
import type { Letter, SimulatedQueue } from './work-queue.ts';

const SCAN = 'renewal-scan';
const RETRIES = 'fleet-retries';
const SCAN_PERIOD_MILLISECONDS = 300_000;
const CONSUMERS = ['fleet-changes', 'event-notifications'] as const;
const BATCH_MAX = 100;
const BACKOFF_MILLISECONDS_MAX = 900_000;
/** Longer than any world lasts. */
const FOR_EVER_MILLISECONDS = 4e12;

export class Host {
  scansSkippedUntil = 0;
  feedDelayedUntil = 0;
  scans = 0;
  readonly #scheduler: Scheduler;
  readonly #store: SessionStore;
  readonly #queue: SimulatedQueue;
  readonly #service: Service;
  readonly #weather: Weather;
  readonly #nextDue: () => number | null;
  readonly #wakers = new Set<() => void>();
  readonly #failures = new Map<string, number>();
  readonly #positions = new Map(CONSUMERS.map((name) => [name, new Map<string, number>()]));

  /** @param nextDue true time of what the scan is to look at next; null when nothing is. */
  constructor(
    parts: {
      readonly scheduler: Scheduler;
      readonly store: SessionStore;
      readonly queue: SimulatedQueue;
      readonly service: Service;
      readonly weather: Weather;
    },
    nextDue: () => number | null,
  ) {
    this.#scheduler = parts.scheduler;
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#service = parts.service;
    this.#weather = parts.weather;
    this.#nextDue = nextDue;
    const process = new Process('host');
    parts.scheduler.spawn(process, () => this.#scanForEver());
    parts.scheduler.spawn(process, () => this.#retryForEver());
    for (const name of CONSUMERS) parts.scheduler.spawn(process, () => this.#feedForEver(name));
  }

  /** Something was written, or sent: there may be more to do. */
  nudge(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }

  /** Whether every change was handled. */
  get isDrained(): boolean {
    const isFollowed = CONSUMERS.every((name) => this.#pending(name).length === 0);
    return isFollowed && this.#queue.isEmpty && this.#queue.dead.size === 0;
  }

  /** Of the consumer that has failed most often in a row. */
  get failures(): number {
    return Math.max(0, ...this.#failures.values());
  }

  async #scanForEver(): Promise<never> {
    for (;;) {
      const { now } = this.#scheduler;
      const due = this.#nextDue();
      const at = due === null ? null : nextTick(Math.max(due, now + 1));
      await this.#rest(at === null ? FOR_EVER_MILLISECONDS : at - now);
      if (at === null || this.#scheduler.now < at || this.#scheduler.now < this.scansSkippedUntil) continue;
      this.scans += 1;
      // Two at once, now and then: the last one may still run when the next begins.
      if (this.#scheduler.chance.percent(5)) this.#beside(() => this.#service.runTimer(SCAN));
      await this.#service.runTimer(SCAN);
    }
  }

  #beside(work: () => Promise<unknown>): void {
    this.#scheduler.spawn(this.#scheduler.process, async () => void (await work()));
  }

  async #feedForEver(name: (typeof CONSUMERS)[number]): Promise<never> {
    for (;;) {
      const groups = this.#pending(name);
      if (groups.length === 0) await this.#rest(FOR_EVER_MILLISECONDS);
      else {
        const failures = this.#failures.get(name) ?? 0;
        await this.#scheduler.sleep(this.#delay(failures));
        this.#failures.set(name, (await this.#handOver(name)) ? 0 : failures + 1);
      }
    }
  }

  async #retryForEver(): Promise<never> {
    for (;;) {
      const { now } = this.#scheduler;
      const wait = Math.min((this.#queue.nextAt ?? Infinity) - now, FOR_EVER_MILLISECONDS);
      if (wait > 0) await this.#rest(wait);
      else {
        await this.#scheduler.sleep(this.#delay(0));
        const letter = this.#scheduler.chance.pick(this.#queue.due);
        this.#queue.show(letter);
        this.#beside(() => this.#show(letter));
      }
    }
  }

  async #show(letter: Letter): Promise<void> {
    const isHandled = await this.#service.retry(RETRIES, JSON.parse(letter.text));
    // It was handled, but could not be taken away.
    const isShownAgain = letter.shown === 1 && this.#weather.strikes('retryRepeated');
    if (isHandled && !isShownAgain) this.#queue.done(letter);
    else this.#queue.failed(letter);
    this.nudge();
  }

  #delay(failures: number): number {
    const { chance, now } = this.#scheduler;
    if (failures > 0) return Math.min(BACKOFF_MILLISECONDS_MAX, 1000 * 2 ** failures);
    return chance.integer(0, now < this.feedDelayedUntil ? 1_800_000 : 5_000);
  }

  async #handOver(name: (typeof CONSUMERS)[number]): Promise<boolean> {
    const { chance } = this.#scheduler;
    const positions = this.#positions.get(name) ?? new Map<string, number>();
    const groups = this.#pending(name).filter(() => chance.percent(70));
    const queues = groups.map((groupId) => {
      const limit = chance.integer(1, BATCH_MAX);
      return { groupId, changes: this.#store.changesOf(groupId, positions.get(groupId) ?? 0, limit) };
    });
    const reached = queues.map(({ groupId, changes }) => ({
      groupId,
      sequence: changes.at(-1)?.sequence ?? this.#store.bounds(groupId).newest,
    }));
    const documents: unknown[] = [];
    for (let left = queues; left.length > 0; left = left.filter(({ changes }) => changes.length > 0)) {
      const change = chance.pick(left).changes.shift();
      if (change !== undefined) documents.push(change.document);
    }
    if (this.#weather.strikes('feedFailed')) return false;
    if (documents.length > 0 && !(await this.#service.feed(name, documents))) return false;
    // The checkpoint is lost: all of them come again.
    if (this.#weather.strikes('feedRepeated')) return true;
    for (const { groupId, sequence } of reached) positions.set(groupId, sequence);
    return true;
  }

  #pending(name: (typeof CONSUMERS)[number]): string[] {
    const positions = this.#positions.get(name);
    return this.#store.groupIds.filter(
      (groupId) => this.#store.bounds(groupId).newest > (positions?.get(groupId) ?? 0),
    );
  }

  /** Until it is nudged, for so long at most. */
  async #rest(milliseconds: number): Promise<void> {
    await this.#scheduler.waitFor<true>((settle) => this.#wakers.add(() => settle(true)), milliseconds);
  }
}

function nextTick(time: number): number {
  return Math.ceil(time / SCAN_PERIOD_MILLISECONDS) * SCAN_PERIOD_MILLISECONDS;
}
