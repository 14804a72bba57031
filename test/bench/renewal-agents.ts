// A share of the agents of a renewal that is measured, in a process of its own: the real daemons over HTTP, with real
// cryptography; their folders are in memory. They sleep until the parent wakes them.
import { randomUUID } from 'node:crypto';
import type { Agent } from '../../cli/agent/agent.ts';
import type { AgentEvent } from '../../cli/agent/agent-events.ts';
import { AgentRecords } from '../../cli/agent/agent-records.ts';
import type { HeldKeyRecord, MachineRecord } from '../../cli/agent/agent-records.ts';
import { runDaemon } from '../../cli/agent/daemon.ts';
import { join } from '../../cli/agent/join.ts';
import { pause } from '../../shared/adapters/pause.ts';
import { httpServiceClient } from '../../shared/api/client.ts';
import type { ServiceClient } from '../../shared/api/client.ts';
import { newGroupKey } from '../../shared/crypto/group-key.ts';
import { newMachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { memoryAgentFolder } from '../cli/memory-agent-folder.ts';
import { passwordOf } from '../service/real-agent.ts';
import { answerParent } from './child.ts';
import type { Recruit } from './renewal-service.ts';

export interface Model {
  readonly machine: MachineRecord;
  readonly keys: readonly HeldKeyRecord[];
}

/** An agent that has gone to sleep. */
export interface Sleeper {
  readonly agent: number;
  readonly until: Instant;
  /** The newest key that it has, or null before its first. */
  readonly version: number | null;
}

/** How long an answer may wait for somebody to fall asleep, milliseconds. */
const NEWS_MILLISECONDS = 5;

let now = '2026-01-01T00:00:00Z' as Instant;
const folders = new Map<number, Agent['folder']>();
/** How the sleeping are woken. */
const sleeping = new Map<number, () => void>();
const versions = new Map<number, number>();
const calls: Record<string, number> = {};
const retries: Record<string, number> = {};
/** They live as long as their process. */
const NEVER = new AbortController().signal;
let fallenAsleep: Sleeper[] = [];
let failure: Error | null = null;
let news = Promise.withResolvers<void>();

function sleep(agent: number, seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  sleeping.set(agent, resolve);
  fallenAsleep.push({ agent, until: addSeconds(now, seconds), version: versions.get(agent) ?? null });
  news.resolve();
  return promise;
}

function told(agent: number, { event, version, code = '' }: AgentEvent): void {
  if ((event === 'keyReceived' || event === 'keyIssued') && version !== undefined)
    versions.set(agent, version);
  if (event === 'retrying') retries[code] = (retries[code] ?? 0) + 1;
}

function connect(server: string): ServiceClient {
  const client = httpServiceClient({ server });
  return {
    call(id, parts) {
      calls[id] = (calls[id] ?? 0) + 1;
      return client.call(id, parts);
    },
  };
}

function agentOf(index: number): Agent {
  const folder = folders.get(index) ?? memoryAgentFolder();
  folders.set(index, folder);
  return {
    folder,
    clock: { now: () => now, sleep: (seconds) => sleep(index, seconds) },
    connect,
    version: '3.0.0',
    newGroupKey,
    observe: () => undefined,
    report: (event) => told(index, event),
  };
}

/** Joins for real, as the group's first machine, and answers what the others are made like. */
async function found(given: {
  index: number;
  server: string;
  enrollmentToken: string;
  at: Instant;
}): Promise<Model> {
  const { index, server, enrollmentToken, at } = given;
  now = at;
  const agent = agentOf(index);
  await join(agent, {
    server,
    enrollmentToken,
    name: `bot-${index}`,
    password: passwordOf('a password for all'),
  });
  const records = new AgentRecords(agent.folder);
  const machine = await records.machine();
  if (machine === null) throw new Error('the first machine did not join');
  return { machine, keys: await records.heldKeys() };
}

/** Makes folders as of members that joined like the model. */
function recruit({ indices, model }: { indices: readonly number[]; model: Model }): Promise<Recruit[]> {
  return Promise.all(
    indices.map(async (index) => {
      const identity = await newMachineIdentity();
      const machine = { ...model.machine, machineId: randomUUID(), name: `bot-${index}` };
      const records = new AgentRecords(agentOf(index).folder);
      await records.writeMachine(machine, identity);
      for (const key of model.keys) await records.writeHeldKey(key);
      return { machineId: machine.machineId, name: machine.name, identityKey: identity.publicJwk };
    }),
  );
}

/** Wakes agents (those never woken start), and answers who fell asleep since it was last asked. */
async function live({ at, wake }: { at: Instant; wake: readonly number[] }): Promise<readonly Sleeper[]> {
  now = at;
  for (const index of wake) wakeOne(index);
  if (fallenAsleep.length === 0) await Promise.race([news.promise, pause(NEWS_MILLISECONDS)]);
  if (failure !== null) throw failure;
  news = Promise.withResolvers<void>();
  const asleep = fallenAsleep;
  fallenAsleep = [];
  return asleep;
}

function wakeOne(index: number): void {
  const wake = sleeping.get(index);
  if (wake !== undefined) {
    sleeping.delete(index);
    wake();
    return;
  }
  runDaemon(agentOf(index), NEVER).catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
    news.resolve();
  });
}

/** Of this process since it started. */
function usage() {
  const { user, system } = process.cpuUsage();
  return { cpuMilliseconds: (user + system) / 1000, calls: { ...calls }, retries: { ...retries } };
}

const answers = { found, recruit, live, usage };
export type RenewalAgentsAnswers = typeof answers;

answerParent(answers, () => Promise.resolve());
