// A group of agents in worker processes and the service in another, all on one virtual time that this process moves on.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setFileClock } from '../../shared/adapters/file-clock.ts';
import { pause } from '../../shared/adapters/pause.ts';
import { httpServiceClient } from '../../shared/api/client.ts';
import type { Answer, CallParts } from '../../shared/api/client.ts';
import type { OperationId } from '../../shared/api/operations.ts';
import { addSeconds, secondsBetween } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import type { RenewalAgentsAnswers } from './renewal-agents.ts';
import type { RenewalServiceAnswers } from './renewal-service.ts';
import { VirtualTime } from './renewal-time.ts';
import { sum } from './statistics.ts';

const START = '2026-01-01T00:00:00Z' as Instant;
const WORKERS = 2;
/** A file's clock is read again after 10 ms; machines ahead of the service by more than a minute are refused. */
const LEAP_SECONDS = 30;
const LEAP_PAUSE_MILLISECONDS = 15;

export type RenewalOutcome = Awaited<ReturnType<RenewalServiceAnswers['outcome']>>;

export interface Usage {
  readonly serviceMilliseconds: number;
  readonly agentsMilliseconds: number;
  readonly downloads: number;
  /** HTTP calls by operation. */
  readonly calls: Readonly<Record<string, number>>;
  readonly retries: number;
}

export class RenewalFleet {
  readonly size: number;
  readonly #service: Child<RenewalServiceAnswers>;
  readonly #workers: readonly Child<RenewalAgentsAnswers>[];
  readonly #time: VirtualTime;
  /** By agent, the newest key that it has. */
  readonly #versions = new Map<number, number>();
  #leapt = false;
  #url = '';
  #token = '';
  #groupId = '';

  /** @param folder empty, for the service's data and the clock. */
  static async start(folder: string, size: number): Promise<RenewalFleet> {
    await mkdir(folder, { recursive: true });
    const clockFile = join(folder, 'clock');
    const fleet = new RenewalFleet(size, clockFile);
    try {
      ({ url: fleet.#url, token: fleet.#token } = await fleet.#service.ask('start', {
        data: join(folder, 'data'),
        clockFile,
      }));
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  private constructor(size: number, clockFile: string) {
    this.size = size;
    this.#service = startChild<RenewalServiceAnswers>('renewal-service.ts');
    this.#workers = Array.from({ length: WORKERS }, () =>
      startChild<RenewalAgentsAnswers>('renewal-agents.ts'),
    );
    let last = START;
    this.#time = new VirtualTime(START, (now) => {
      this.#leapt ||= secondsBetween(last, now) > LEAP_SECONDS;
      last = now;
      setFileClock(clockFile, now);
    });
  }

  get groupId(): string {
    return this.#groupId;
  }

  /** Agents that have the key of `version`. */
  countWith(version: number): number {
    return [...this.#versions.values()].filter((each) => each === version).length;
  }

  call<Id extends OperationId>(id: Id, parts: CallParts<Id>): Promise<Answer<Id>> {
    const client = httpServiceClient({ server: this.#url });
    return client.call(id, { ...parts, token: this.#token });
  }

  /** A group whose first machine joins for real; the others are made like it. */
  async found(): Promise<void> {
    const { id: groupId } = await this.call('createGroup', { body: { name: 'Packing line' } });
    this.#groupId = groupId;
    const { token: enrollmentToken } = await this.call('createEnrollmentToken', {
      params: { groupId },
      body: {},
    });
    const at = this.#time.now;
    const founder = this.#workerOf(0);
    const model = await founder.ask('found', { index: 0, server: this.#url, enrollmentToken, at });
    const modelId = model.machine.machineId;
    for (const [index, worker] of this.#workers.entries()) {
      const indices = this.#agentsOf(index).filter((agent) => agent !== 0);
      const recruits = await worker.ask('recruit', { indices, model });
      await this.#service.ask('enlist', { groupId, modelId, recruits });
    }
  }

  /** Moves time on; daemons start spread evenly over `seconds` from then on. */
  async beginAt(instant: Instant, seconds: number): Promise<void> {
    this.#time.moveTo(instant);
    await pause(LEAP_PAUSE_MILLISECONDS);
    for (let agent = 0; agent < this.size; agent++) {
      this.#time.sleeps(agent, addSeconds(instant, Math.floor((agent * seconds) / this.size)));
    }
  }

  /** Lets time pass for the agents until `until`, or until `isOver` after a check-in. */
  async liveUntil(until: Instant, isOver: () => boolean = () => false): Promise<void> {
    const due = this.#workers.map((): number[] => []);
    await Promise.all(
      this.#workers.map(async (worker, index) => {
        while (!isOver() && !(this.#time.isQuietUntil(until) && due[index]?.length === 0)) {
          for (const agent of this.#time.wake(until)) due[agent % WORKERS]?.push(agent);
          if (this.#leapt) await pause(LEAP_PAUSE_MILLISECONDS);
          this.#leapt = false;
          const wake = due[index]?.splice(0) ?? [];
          for (const { agent, until: at, version } of await worker.ask('live', {
            at: this.#time.now,
            wake,
          })) {
            this.#time.sleeps(agent, at);
            if (version !== null) this.#versions.set(agent, version);
          }
        }
      }),
    );
    if (!isOver()) this.#time.moveTo(until);
  }

  /** Waits until the service has handled what follows from all changes. */
  async settle(): Promise<void> {
    await this.#service.ask('settle', undefined);
  }

  outcome(): Promise<RenewalOutcome> {
    return this.#service.ask('outcome', { groupId: this.#groupId });
  }

  /** Of all processes since they started. */
  async usage(): Promise<Usage> {
    const service = await this.#service.ask('usage', undefined);
    const agents = await Promise.all(this.#workers.map((worker) => worker.ask('usage', undefined)));
    const calls: Record<string, number> = {};
    for (const [id, count] of agents.flatMap((each) => Object.entries(each.calls))) {
      calls[id] = (calls[id] ?? 0) + count;
    }
    return {
      serviceMilliseconds: service.cpuMilliseconds,
      agentsMilliseconds: sum(agents.map(({ cpuMilliseconds }) => cpuMilliseconds)),
      downloads: service.downloads,
      calls,
      retries: sum(agents.flatMap(({ retries }) => Object.values(retries))),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers, this.#service].map((child) => child.stop()));
  }

  #workerOf(agent: number): Child<RenewalAgentsAnswers> {
    const worker = this.#workers[agent % WORKERS];
    if (worker === undefined) throw new Error('there are no workers');
    return worker;
  }

  #agentsOf(worker: number): number[] {
    return Array.from({ length: this.size }, (_, agent) => agent).filter(
      (agent) => agent % WORKERS === worker,
    );
  }
}
