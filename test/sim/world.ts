// A simulated world: service, host, machines, people and weather put together around one store, one vault and one time, with
// everything that is watched. Its actions are in actions.ts, what becomes of it at the end in settling.ts.
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { httpServiceClient } from '../../shared/api/client.ts';
import type { ServiceClient } from '../../shared/api/client.ts';
import { toInstant } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Group } from '../../shared/domain/group.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import { Chance, replaceChanceAndPauses } from './chance.ts';
import { SECRET_MARKS } from './crypto/secret-marks.ts';
import { forgetKeys } from './crypto/simulated-keys.ts';
import { Weather } from './faults.ts';
import { Host } from './host.ts';
import { settingOf } from './history.ts';
import type { Action, Setting } from './history.ts';
import { Liar } from './liar.ts';
import { SimMachine } from './machine.ts';
import { GoesInCircles, Process, Scheduler } from './scheduler.ts';
import { Service, SERVER } from './service.ts';
import type { Answered } from './service.ts';
import { LAG_MILLISECONDS_MAX, SessionStore } from './session-store.ts';
import type { DocumentChange } from './session-store.ts';
import type { Invariant, Violation } from './violations.ts';
import { SimulatedQueue } from './work-queue.ts';
import { watchAgents } from './watch-agents.ts';
import { watchKeys } from './watch-keys.ts';
import { watchStatuses } from './watch-statuses.ts';

const START = Date.UTC(2026, 0, 1);
const DAY_MILLISECONDS = 86_400_000;
/** A package on its way to the service: the one thing of its kind that may be there. */
const SEALED = /"package":"[^"]*"/;
/** Passwords of the simulation; no document may hold one. */
export const PASSWORD_PREFIX = 'simulated-password';
/** Of the stand-ins' secrets, of the real ones' and of passwords. */
const REFUSED = [...SECRET_MARKS, /PRIVATE KEY/, new RegExp(PASSWORD_PREFIX)];

let running: World | null = null;
replaceChanceAndPauses({
  chance: () => present().scheduler.chance,
  pause: (milliseconds) => present().scheduler.sleep(milliseconds),
});

function present(): World {
  if (running === null) throw new Error('no world is running');
  return running;
}

/** The world of a seed, at its beginning; the one before it is given up. */
export function newWorld(seed: number): World {
  forgetKeys();
  running = new World(seed);
  return running;
}

export class World {
  readonly setting: Setting;
  readonly scheduler: Scheduler;
  readonly store: SessionStore;
  readonly vault;
  readonly queue: SimulatedQueue;
  readonly weather: Weather;
  readonly service: Service;
  readonly host: Host;
  readonly liar: Liar;
  readonly machines: SimMachine[];
  readonly keys;
  readonly statuses;
  readonly agents;
  /** The group in each place, if there is one. */
  readonly groups: (string | null)[];
  readonly passwords = new Map<string, string[]>();
  readonly counts = { checkIns: 0, joins: 0, rejoins: 0 };
  violation: Violation | null = null;
  /** Waits for the next daemon that is asked to do something. */
  ambush: Extract<Action, { readonly do: 'ambush' }> | null = null;
  /** True time since which nothing was done to the world. */
  quietSince = START;
  readonly #due = new Map<string, number>();
  readonly #removedAt = new Map<string, number>();

  constructor(seed: number) {
    this.setting = settingOf(seed);
    this.scheduler = new Scheduler(START, new Chance(seed, 2));
    const violate = (invariant: Invariant, detail: string): void => this.violate(invariant, detail);
    const store = (): SessionStore => this.store;
    const now = (): Instant => this.now;
    this.keys = watchKeys(store, memoryPackageVault(), now, violate);
    this.vault = this.keys.vault;
    this.statuses = watchStatuses(store, violate);
    this.store = new SessionStore(
      () => this.scheduler.now,
      (groupId, changes) => this.#onCommit(groupId, changes),
    );
    this.queue = new SimulatedQueue(
      () => this.scheduler.now,
      () => this.host.nudge(),
      (text) => this.#onDead(text),
    );
    this.agents = watchAgents(this.scheduler, store, violate);
    this.weather = new Weather(this.scheduler);
    this.service = new Service({
      scheduler: this.scheduler,
      store: this.store,
      vault: this.vault,
      queue: this.queue,
      weather: this.weather,
      steadyCheckInSeconds: this.setting.steadyCheckInSeconds,
      onLog: (line) => this.#refuseSecrets('a log line', line),
      onAnswer: ({ operation, status, text }) => {
        if (operation === 'checkIn') this.counts.checkIns += 1;
        if (operation !== 'getKeyPackage') this.#refuseSecrets(`an answer to ${operation}`, text);
        if (status === 500) this.violate('internal-error', `${operation} was answered with ${text}`);
      },
    });
    const parts = {
      scheduler: this.scheduler,
      store: this.store,
      queue: this.queue,
      service: this.service,
      weather: this.weather,
    };
    this.host = new Host(parts, () => this.#nextDue());
    this.liar = new Liar(this.store);
    this.groups = Array.from({ length: this.setting.groups }, () => null);
    this.machines = Array.from({ length: this.setting.machines }, (_, index) => this.#newMachine(index));
  }

  get now(): Instant {
    return toInstant(this.scheduler.now);
  }

  get daysLived(): number {
    return (this.scheduler.now - START) / DAY_MILLISECONDS;
  }

  violate(invariant: Invariant, detail: string): void {
    this.violation ??= { invariant, detail: `${this.now}: ${detail}` };
    this.scheduler.halt();
  }

  /** Lets time go on. */
  async wait(seconds: number): Promise<void> {
    try {
      await this.scheduler.runUntil(this.scheduler.now + Math.max(0, seconds) * 1000);
    } catch (error) {
      if (!(error instanceof GoesInCircles)) throw error;
      this.violate('stuck', error.message);
    }
  }

  /** Does something once so many seconds have passed. */
  after(seconds: number, work: () => void): void {
    this.scheduler.spawn(new Process('later'), async () => work(), seconds * 1000);
  }

  machine(index: number): SimMachine {
    const machine = this.machines[index % this.machines.length];
    if (machine === undefined) throw new Error('every world has machines');
    return machine;
  }

  group(index: number): Group | null {
    const groupId = this.groups[index % this.groups.length];
    return groupId ? (this.store.read<Group>(groupId, 'group')?.document ?? null) : null;
  }

  member(machine: SimMachine): Machine | null {
    const { record } = machine;
    return record && (this.store.read<Machine>(record.groupId, record.machineId)?.document ?? null);
  }

  /** Something that a person does at the service, in the background; refusals are part of life. */
  person(work: (client: ServiceClient) => Promise<unknown>): void {
    const process = new Process('operator');
    this.scheduler.spawn(process, async () => {
      try {
        await work(this.client());
      } catch (error) {
        if (!(error instanceof Error) || !['Problem', 'ServiceUnreachable'].includes(error.name)) {
          this.violate('internal-error', `an operator met ${String(error)}`);
        }
      }
    });
  }

  client(): ServiceClient {
    return httpServiceClient({ server: SERVER, fetch: this.service.fetchThrough() });
  }

  get jobs(): Job[] {
    return this.store.documents<Job>('job');
  }

  /** True time of the earliest thing that the scan should have done; null when it keeps up. */
  #nextDue(): number | null {
    return this.#due.size === 0 ? null : Math.min(...this.#due.values());
  }

  overdueSeconds(): number {
    return Math.max(0, (this.scheduler.now - (this.#nextDue() ?? this.scheduler.now)) / 1000);
  }

  /** The document that has waited longest, and since when. */
  get overdue(): string {
    const [first] = [...this.#due].toSorted(([, one], [, other]) => one - other);
    return first === undefined ? 'nothing' : `${first[0]}, since ${toInstant(first[1])},`;
  }

  #newMachine(index: number): SimMachine {
    return new SimMachine(index, {
      scheduler: this.scheduler,
      network: (machine, process) => this.#network(machine, process),
      onKeyMade: (thumbprint) => this.agents.onKeyMade(thumbprint),
      onText: (machine, name, text) => this.agents.onText(machine, name, text),
      onEvent: (machine, process, event) => this.agents.onEvent(machine, process, event),
      onCrash: (machine, error) => {
        const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.violate('internal-error', `machine ${machine.index} ended with ${what}`);
      },
    });
  }

  #network(machine: SimMachine, process: Process): typeof globalThis.fetch {
    const send = this.service.fetchThrough(async (answer) => {
      this.agents.onAnswer(machine, process, answer);
      this.#spring(machine, process, answer);
      if (machine.lie === null || answer.status !== 200) return answer;
      const text = await this.liar.tell(machine.lie, answer.operation, answer.text);
      if (text !== answer.text) machine.isTampered = true;
      return { ...answer, text };
    });
    return async (input, init) => {
      this.agents.onCall(machine, process);
      this.#refuseSecrets('a request', typeof init?.body === 'string' ? init.body.replace(SEALED, '') : '');
      const { record } = machine;
      const removedAt = this.#removedAt.get(`${record?.groupId}/${record?.machineId}`);
      const wasRemoved = removedAt !== undefined && this.scheduler.now - removedAt > LAG_MILLISECONDS_MAX;
      const response = await send(input, init);
      if (wasRemoved && response.status < 300) {
        this.violate('removed-served', `machine ${machine.index} was answered ${response.status}`);
      }
      return response;
    };
  }

  #spring(machine: SimMachine, process: Process, { operation, text }: Answered): void {
    const { ambush } = this;
    if (ambush === null || process !== machine.daemon || operation !== 'checkIn') return;
    if (!text.includes(`"action":"${ambush.asked}"`)) return;
    this.ambush = null;
    process.gatesLeft = ambush.gates;
    if (ambush.restart) process.onDeath.add(() => machine.powerOn());
  }

  #onCommit(groupId: string, changes: readonly DocumentChange[]): void {
    for (const { id, before, after, json } of changes) {
      this.#refuseSecrets(`the document ${id}`, json);
      this.#schedule(`${groupId}/${id}`, after as { nextActionOn?: Instant | null } | null);
      const wasRemoved = (before as Machine | null)?.membership === 'removed';
      const isRemoved = (after as Machine | null)?.membership === 'removed';
      if (isRemoved && !wasRemoved) this.#removedAt.set(`${groupId}/${id}`, this.scheduler.now);
      if (wasRemoved && after !== null) this.violate('removed-served', `${id} was written after its removal`);
    }
    this.keys.onCommit(groupId, changes);
    this.statuses.onCommit(groupId, changes);
    this.host.nudge();
  }

  /** A defect that lasts may keep a change from being handled; nothing else makes it a dead letter. */
  #onDead(text: string): void {
    const { documentIds } = JSON.parse(text) as { documentIds: string[] };
    if (documentIds.length === 1 && documentIds.every((id) => this.weather.poisoned.has(id))) return;
    this.violate('dead-letter', `${text} was given up`);
  }

  /** A date that has passed already, after a change of policy say, is due from now on. */
  #schedule(name: string, document: { readonly nextActionOn?: Instant | null } | null): void {
    if (!document?.nextActionOn) this.#due.delete(name);
    else this.#due.set(name, Math.max(this.scheduler.now, Date.parse(document.nextActionOn)));
  }

  #refuseSecrets(where: string, text: string): void {
    const mark = REFUSED.find((each) => each.test(text));
    if (mark !== undefined) this.violate('secret-kept', `${where} holds what matches ${mark}`);
  }
}
