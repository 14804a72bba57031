// The demonstration's fleet: what its people and its machines do, in terms of the commands and the API that users have.
import type { ChildProcess } from 'node:child_process';
import { setFileClock } from '../../shared/adapters/file-clock.ts';
import { pause } from '../../shared/adapters/pause.ts';
import { httpServiceClient } from '../../shared/api/client.ts';
import type { ServiceClient } from '../../shared/api/client.ts';
import type { EventView } from '../../shared/api/event.ts';
import type { GroupView } from '../../shared/api/group.ts';
import type { MachineView } from '../../shared/api/machine.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { Processes } from './processes.ts';
import { ClaimFailed, Timeline } from './timeline.ts';

/** What agents report of interest to a newcomer. */
const TOLD: ReadonlySet<string> = new Set(['keyIssued', 'keyReceived', 'keyRetired', 'attention']);

const SETTLE_MILLISECONDS = 250;
const TRIES = 120;

export class Fleet {
  readonly processes: Processes;
  readonly timeline: Timeline;
  groupId = '';
  #now: Instant;
  #token = '';
  #client: ServiceClient | null = null;
  #url = '';
  readonly #daemons = new Map<string, ChildProcess>();

  constructor(folder: string, start: Instant) {
    this.processes = new Processes(folder);
    this.#now = start;
    this.timeline = new Timeline(() => this.#now);
  }

  async start(): Promise<string> {
    setFileClock(this.processes.clockFile, this.#now);
    const { url, token } = await this.processes.startService();
    this.#client = httpServiceClient({ server: url });
    this.#url = url;
    this.#token = token;
    return url;
  }

  async setTime(instant: Instant): Promise<void> {
    this.#now = instant;
    setFileClock(this.processes.clockFile, instant);
    await pause(SETTLE_MILLISECONDS);
  }

  /** Lets time pass, ten minutes at a time, until it is so. @throws ClaimFailed when it does not come to that. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await isSo()) return;
      await this.setTime(addMinutes(this.#now, 10));
    }
    throw new ClaimFailed(`${what} (waited ${TRIES * 10} minutes of virtual time)`);
  }

  async createGroup(body: {
    name: string;
    groupKeyValidityPeriod: number;
    groupKeyExpiryGracePeriod: number;
  }): Promise<GroupView> {
    const group = await this.#service.call('createGroup', { body, token: this.#token });
    this.groupId = group.id;
    return group;
  }

  group(): Promise<GroupView> {
    return this.#service.call('getGroup', { params: { groupId: this.groupId }, token: this.#token });
  }

  async machine(name: string): Promise<MachineView> {
    const { items } = await this.#service.call('listGroupMachines', {
      params: { groupId: this.groupId },
      token: this.#token,
    });
    const machine = items.find((each) => each.name === name);
    if (!machine) throw new ClaimFailed(`${name} is in the group`);
    return machine;
  }

  async statuses(): Promise<Record<string, string>> {
    const { items } = await this.#service.call('listGroupMachines', {
      params: { groupId: this.groupId },
      token: this.#token,
    });
    return Object.fromEntries(items.map(({ name, keyDeliveryStatus }) => [name, keyDeliveryStatus]));
  }

  async events(): Promise<EventView[]> {
    const params = { groupId: this.groupId };
    const { items } = await this.#service.call('listGroupEvents', {
      params,
      query: { limit: 500 },
      token: this.#token,
    });
    return items;
  }

  async enroll(): Promise<string> {
    const params = { groupId: this.groupId };
    const { token } = await this.#service.call('createEnrollmentToken', {
      params,
      body: {},
      token: this.#token,
    });
    return token;
  }

  /** `keyturn agent join`, with the password on standard input. */
  async join(
    name: string,
    token: string,
    password: string,
    agentVersion: string | null = null,
  ): Promise<void> {
    const words = ['join', '--server', this.#url, '--token', token, '--name', name, '--password-stdin'];
    const version = agentVersion === null ? [] : ['--agent-version', agentVersion];
    const { exitCode, stderr } = await this.processes.agent(name, [...words, ...version], `${password}\n`);
    if (exitCode !== 0) throw new ClaimFailed(`${name} joins:\n${stderr}`);
  }

  /** `keyturn agent run`. */
  startDaemon(name: string, agentVersion: string | null = null): void {
    const told = new Set<string>();
    const daemon = this.processes.startAgent(name, agentVersion, ({ event, text }) => {
      const news = text.replace(/ Next check-in in .*$/, '');
      if (!TOLD.has(event) || told.has(news)) return;
      told.add(news);
      this.timeline.tell(name, news);
    });
    this.#daemons.set(name, daemon);
  }

  async stopDaemon(name: string): Promise<void> {
    const daemon = this.#daemons.get(name);
    this.#daemons.delete(name);
    if (daemon) await this.processes.stop(daemon);
  }

  get #service(): ServiceClient {
    if (this.#client === null) throw new Error('the service is not started');
    return this.#client;
  }
}
