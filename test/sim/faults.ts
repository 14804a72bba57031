// The ports of one service instance, with every fault that they allow: a write that failed and was not persisted, one that
// failed and was, a conflict, throttling, an outage, reads that lag behind; and a gate before and after every call.
import { toWorkText } from '../../shared/adapters/work-message.ts';
import type { Notification } from '../../shared/domain/notification.ts';
import { StoreThrottled, StoreUnavailable, WriteConflict } from '../../shared/ports/document-store.ts';
import type { DocumentStore, WriteOperation } from '../../shared/ports/document-store.ts';
import { VaultUnavailable } from '../../shared/ports/package-vault.ts';
import type { PackageVault } from '../../shared/ports/package-vault.ts';
import { QueueUnavailable } from '../../shared/ports/work-queue.ts';
import type { WorkQueue } from '../../shared/ports/work-queue.ts';
import type { Scheduler } from './scheduler.ts';
import { Session } from './session-store.ts';
import type { SessionStore } from './session-store.ts';
import type { SimulatedQueue } from './work-queue.ts';

/** Chances in percent. */
export interface FaultProfile {
  readonly lost: number;
  readonly persistedButFailed: number;
  readonly conflict: number;
  readonly throttled: number;
  readonly lag: number;
  readonly vaultLost: number;
  readonly vaultStoredButFailed: number;
  readonly queueLost: number;
  readonly queueSentButFailed: number;
  readonly requestLost: number;
  readonly answerLost: number;
  readonly feedRepeated: number;
  readonly feedFailed: number;
  readonly retryRepeated: number;
}

/** What can be out of order for a while. */
export type Outage = 'storeDown' | 'vaultDown' | 'queueDown';

export type FaultKind = keyof FaultProfile | Outage | 'poison';

export const NO_FAULTS: FaultProfile = {
  lost: 0,
  persistedButFailed: 0,
  conflict: 0,
  throttled: 0,
  lag: 0,
  vaultLost: 0,
  vaultStoredButFailed: 0,
  queueLost: 0,
  queueSentButFailed: 0,
  requestLost: 0,
  answerLost: 0,
  feedRepeated: 0,
  feedFailed: 0,
  retryRepeated: 0,
};

/** The weather of the world: which faults happen now. */
export class Weather {
  profile: FaultProfile = NO_FAULTS;
  /** True time until which the profile holds. */
  until = 0;
  storeDownUntil = 0;
  vaultDownUntil = 0;
  queueDownUntil = 0;
  /** True time until which a defect keeps some documents from being handled. */
  poisonUntil = 0;
  /** Ids of what the defect ever kept. */
  readonly poisoned = new Set<string>();
  readonly happened = new Map<FaultKind, number>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get isCalm(): boolean {
    const { until, storeDownUntil, vaultDownUntil, queueDownUntil, poisonUntil } = this;
    const latest = Math.max(until, storeDownUntil, vaultDownUntil, queueDownUntil, poisonUntil);
    return this.#scheduler.now >= latest;
  }

  strikes(kind: keyof FaultProfile): boolean {
    const { now, chance } = this.#scheduler;
    if (now >= this.until || !chance.percent(this.profile[kind])) return false;
    return this.#note(kind);
  }

  isDown(what: Outage): boolean {
    return this.#scheduler.now < this[`${what}Until`] && this.#note(what);
  }

  /** Of the notifications, those of some machines, always the same: nothing but the feed's functions writes any. */
  isPoison(operation: WriteOperation): boolean {
    if (this.#scheduler.now >= this.poisonUntil || operation.kind !== 'create') return false;
    const { type, eventId = '', machineId = '' } = operation.document as Partial<Notification>;
    if (type !== 'notification' || Number.parseInt(machineId.slice(0, 1), 16) % 2 > 0) return false;
    this.poisoned.add(eventId);
    return this.#note('poison');
  }

  /** From now on nothing fails. */
  endAll(): void {
    this.profile = NO_FAULTS;
    this.until = this.storeDownUntil = this.vaultDownUntil = this.queueDownUntil = this.poisonUntil = 0;
  }

  #note(kind: FaultKind): true {
    this.happened.set(kind, (this.happened.get(kind) ?? 0) + 1);
    return true;
  }
}

export function faultyStore(store: SessionStore, scheduler: Scheduler, weather: Weather): DocumentStore {
  const session = new Session(store, () => weather.strikes('lag'));

  async function reading<T>(read: () => T): Promise<T> {
    await scheduler.pass();
    refuse();
    const result = read();
    await scheduler.pass();
    return result;
  }

  function refuse(): void {
    if (weather.isDown('storeDown')) throw new StoreUnavailable('simulated: down');
    if (weather.strikes('throttled')) throw new StoreThrottled(scheduler.chance.integer(1, 30));
    if (weather.strikes('lost')) throw new StoreUnavailable('simulated: lost');
  }

  async function write(groupId: string, operations: readonly WriteOperation[]) {
    await scheduler.pass();
    refuse();
    if (operations.some((each) => weather.isPoison(each))) throw new Error('simulated: a defect');
    const conflicting = operations.findIndex(({ kind }) => kind !== 'create');
    if (conflicting >= 0 && weather.strikes('conflict')) throw new WriteConflict(conflicting, 'version');
    const versions = store.write(groupId, operations);
    session.wrote(groupId);
    await scheduler.pass();
    if (weather.strikes('persistedButFailed')) throw new StoreUnavailable('simulated: persisted, but failed');
    return versions;
  }

  return {
    read: (groupId, id) => reading(() => store.read(groupId, id, session.view)),
    query: (query) => reading(() => store.query(query, session.view)),
    countBy: (groupId, type, field) => reading(() => store.countBy(groupId, type, field, session.view)),
    write,
    close: () => Promise.resolve(),
  };
}

export function faultyVault(vault: PackageVault, scheduler: Scheduler, weather: Weather): PackageVault {
  async function through<T>(act: () => Promise<T>): Promise<T> {
    await scheduler.pass();
    if (weather.isDown('vaultDown') || weather.strikes('vaultLost')) throw new VaultUnavailable('simulated');
    const result = await act();
    await scheduler.pass();
    if (weather.strikes('vaultStoredButFailed')) throw new VaultUnavailable('simulated: stored, but failed');
    return result;
  }

  return {
    put: (name, pkcs12, dates) => through(() => vault.put(name, pkcs12, dates)),
    get: (name) => through(() => vault.get(name)),
    delete: (name) => through(() => vault.delete(name)),
    list: (groupId) => through(() => vault.list(groupId)),
    probe: () => through(() => vault.probe()),
  };
}

export function faultyQueue(queue: SimulatedQueue, scheduler: Scheduler, weather: Weather): WorkQueue {
  async function reach(): Promise<void> {
    await scheduler.pass();
    if (weather.isDown('queueDown') || weather.strikes('queueLost')) throw new QueueUnavailable('simulated');
  }

  return {
    async send(message, afterSeconds) {
      await reach();
      queue.put(toWorkText(message, afterSeconds), afterSeconds);
      await scheduler.pass();
      if (weather.strikes('queueSentButFailed')) throw new QueueUnavailable('simulated: sent, but failed');
    },
    async waiting() {
      await reach();
      return queue.size;
    },
    async deadLetters() {
      await reach();
      return queue.dead.size;
    },
    async redrive(limit) {
      const letters = [...queue.dead].slice(0, limit);
      for (const letter of letters) {
        await reach();
        queue.put(letter.text, 0);
        await reach();
        queue.dead.delete(letter);
      }
      return letters.length;
    },
  };
}
