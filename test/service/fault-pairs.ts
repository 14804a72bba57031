// Faults in pairs at every write of a scenario: it failed and nothing was written; it failed and all was written. Either
// way whoever called does the same again, and everything must end as if nothing had happened.
import assert from 'node:assert/strict';
import { PROBLEMS } from '../../shared/api/problem.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import type { GroupSnapshot } from './group-snapshot.ts';
import { normalizedGroup, snapshotOf } from './group-snapshot.ts';
import type { HookedPorts, Hooks, PortCall } from './hooked-ports.ts';
import { unavailable } from './hooked-ports.ts';
import type { ProtocolMachine } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { START } from './running-service.ts';
import { isWrite, siteOfCaller } from './fault-sites.ts';
import type { FaultPoint, FaultySites, WriteKind } from './fault-sites.ts';

/** Where scenarios begin: an active group with two machines, at {@link START}. */
export interface FaultWorld {
  readonly ports: HookedPorts;
  readonly service: RunningService;
  readonly issuer: ProtocolMachine;
  readonly second: ProtocolMachine;
  readonly active: GroupSnapshot;
}

export interface Scenario {
  /** The group whose state is compared. */
  readonly groupId: string;
  /** The call. Without an answer: a timer or a feed, whose failures are logged. */
  readonly act: () => Promise<Answer | void>;
  /** How the call is refused even without a fault. */
  readonly refused?: ProblemCode;
  /** How a repeat is refused when the first had been written after all; without it, the repeat is answered as the first. */
  readonly refusedAgain?: ProblemCode;
  /** What the first write fails with that is not looked at, each time that the scenario is run. */
  readonly othersFail?: Error;
  /** What happens once, behind the call's back, just before its `vault.put`. */
  readonly meanwhile?: () => Promise<void>;
  /** What comes after that by itself, or by the protocol. */
  readonly afterwards?: () => Promise<unknown>;
}

export interface FaultScenario {
  /** What the call writes, in order. */
  readonly writes: readonly WriteKind[];
  /** Only writes of these files are looked at: others go on beside them. */
  readonly of?: RegExp;
  readonly prepare: (world: FaultWorld) => Promise<Scenario>;
}

export interface Fault {
  /** Of the write, from 1. */
  readonly number: number;
  readonly kind: WriteKind;
  readonly point: FaultPoint;
}

/** What came of a call that met a fault and was repeated. */
export interface Outcome {
  /** What the caller was told at first; `logged` or `untold` where nobody waits for an answer. */
  readonly failed: Told | 'logged' | 'untold';
  readonly repeated: Told | null;
  /** At rest. */
  readonly state: object;
}

interface Told {
  readonly status: number;
  readonly code: ProblemCode | undefined;
  readonly isToComeBack: boolean;
}

/** Both faults of every write, with the words for a test's title. */
export function pairsOf(writes: readonly WriteKind[]): (Fault & { what: string })[] {
  return writes.flatMap((kind, index) => [
    { number: index + 1, kind, point: 'before', what: 'and nothing is written' },
    { number: index + 1, kind, point: 'after', what: 'though all is written' },
  ]);
}

/** How a caller is told that a write failed. */
const CODES: Readonly<Record<WriteKind, ProblemCode>> = {
  'store.write': 'StoreUnavailable',
  'vault.put': 'VaultUnavailable',
  'vault.delete': 'VaultUnavailable',
  'queue.send': 'QueueUnavailable',
  'queue.redrive': 'QueueUnavailable',
};

/** A scenario put to the test: once without a fault, then with each, from the same beginning. */
export class FaultTrial {
  readonly #scenario: FaultScenario;
  readonly #sites: FaultySites;
  #world: FaultWorld | null = null;
  #prepared: Scenario | null = null;
  #comeBack: () => Promise<void> = async () => {};
  #first: Told | null = null;
  #state: object = {};

  constructor(scenario: FaultScenario, sites: FaultySites) {
    this.#scenario = scenario;
    this.#sites = sites;
  }

  /** What the call writes and is told; `refused` is how it is to be refused, if it is. */
  async withoutFault(world: FaultWorld): Promise<{ writes: WriteKind[]; code?: string; refused?: string }> {
    await toStart(world);
    const prepared = await this.#scenario.prepare(world);
    this.#comeBack = await wayBack(world, prepared.groupId);
    const writes = this.#watch(world, prepared);
    this.#first = told(await prepared.act());
    world.ports.hook({});
    this.#state = await atRest(world, prepared);
    this.#world = world;
    this.#prepared = prepared;
    const code = this.#first?.code;
    return {
      writes: writes.kinds,
      ...(code && { code }),
      ...(prepared.refused && { refused: prepared.refused }),
    };
  }

  async withFault(fault: Fault): Promise<Outcome> {
    const [world, prepared] = [this.#world, this.#prepared];
    assert(world && prepared, 'it went wrong without a fault');
    await this.#comeBack();
    const lines = world.service.logs.length;
    const writes = this.#watch(world, prepared, fault);
    const failed = told(await prepared.act());
    assert.equal(writes.faulty?.kind, fault.kind);
    this.#sites.add(writes.faultySite, fault.point);
    const isLogged = world.service.logs.slice(lines).some((line) => /^(error|warning) /.test(line));
    const repeated = told(await prepared.act());
    world.ports.hook({});
    const state = await atRest(world, prepared);
    return { failed: failed ?? (isLogged ? 'logged' : 'untold'), repeated, state };
  }

  /** What must come of it: the caller is told to come back, and everything ends as without the fault. */
  expected({ number, kind, point }: Fault): Outcome {
    const isDone = point === 'after' && number === this.#scenario.writes.length;
    const refusal = isDone ? this.#prepared?.refusedAgain : undefined;
    return {
      failed: this.#first ? { status: 503, code: CODES[kind], isToComeBack: true } : 'logged',
      repeated: refusal ? { status: PROBLEMS[refusal][0], code: refusal, isToComeBack: false } : this.#first,
      state: this.#state,
    };
  }

  #watch({ ports }: FaultWorld, scenario: Scenario, fault?: Fault): Writes {
    return new Writes(ports, this.#scenario.of ?? /./, scenario, fault);
  }
}

function told(answer: Answer | void): Told | null {
  if (!answer) return null;
  const { status, code, headers } = answer;
  return {
    status,
    code: code as ProblemCode | undefined,
    isToComeBack: Number(headers.get('retry-after')) > 0,
  };
}

async function toStart({ ports, service, issuer, second, active }: FaultWorld): Promise<void> {
  ports.restFeeds(false);
  service.clock.set(START);
  await active.restore();
  for (const machine of [issuer, second]) {
    for (const version of machine.held.keys()) if (version > 1) machine.held.delete(version);
  }
}

/** How to come back to this moment, time included, as often as need be; the feeds rest then. */
async function wayBack(world: FaultWorld, groupId: string): Promise<() => Promise<void>> {
  const { ports, service } = world;
  const now = service.clock.now();
  const beginning = await snapshotOf(service, groupId);
  const comeBack = async (): Promise<void> => {
    ports.restFeeds(true);
    service.clock.set(now);
    await beginning.restore();
  };
  await comeBack();
  return comeBack;
}

async function atRest({ ports, service }: FaultWorld, scenario: Scenario): Promise<object> {
  await scenario.afterwards?.();
  ports.restFeeds(false);
  return normalizedGroup(service, scenario.groupId);
}

/** Counts the writes of a call, and lets the one fail that is to fail. */
class Writes {
  readonly kinds: WriteKind[] = [];
  faulty: PortCall | null = null;
  faultySite: string | null = null;
  #meanwhile: (() => Promise<void>) | null;
  #othersFail: Error | null;

  constructor(ports: HookedPorts, of: RegExp, { meanwhile, othersFail }: Scenario, fault?: Fault) {
    this.#meanwhile = meanwhile ?? null;
    this.#othersFail = othersFail ?? null;
    const hooks: Hooks = {
      before: async (call) => {
        const site = siteOfCaller();
        if (!isWrite(call) || site === null) return;
        if (!of.test(site)) return this.#failOnce();
        this.kinds.push(call.kind);
        const isFaulty = this.faulty === null && this.kinds.length === fault?.number;
        if (isFaulty) [this.faulty, this.faultySite] = [call, site];
        if (call.kind === 'vault.put') await this.#doMeanwhile();
        if (isFaulty && fault.point === 'before') throw unavailable(call);
      },
      after: (call) => {
        if (call === this.faulty && fault?.point === 'after') throw unavailable(call);
      },
    };
    ports.hook(hooks);
  }

  #failOnce(): void {
    const error = this.#othersFail;
    this.#othersFail = null;
    if (error !== null) throw error;
  }

  async #doMeanwhile(): Promise<void> {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = null;
    await meanwhile?.();
  }
}
