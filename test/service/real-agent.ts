// The real agent's logic over HTTP against a running test service; only its folder is in memory.
import { randomUUID } from 'node:crypto';
import type { Agent } from '../../cli/agent/agent.ts';
import type { AgentEvent } from '../../cli/agent/agent-events.ts';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { join } from '../../cli/agent/join.ts';
import { AgentRecords } from '../../cli/agent/agent-records.ts';
import type { GroupPasswordSource } from '../../cli/agent/passwords.ts';
import { regeneratePassword } from '../../cli/agent/regenerate-password.ts';
import { rejoin } from '../../cli/agent/rejoin.ts';
import type { AgentStep } from '../../cli/agent/steps.ts';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import { httpServiceClient } from '../../shared/api/client.ts';
import type { MachineView } from '../../shared/api/machine.ts';
import { newGroupKey } from '../../shared/crypto/group-key.ts';
import { newMachineIdentity } from '../../shared/crypto/machine-identity.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import { memoryAgentFolder } from '../cli/memory-agent-folder.ts';
import { PASSWORD } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';

export function passwordOf(text: string): GroupPasswordSource {
  return {
    existing: () => Promise.resolve(text),
    chosen: () => Promise.resolve(text),
    accepted: () => undefined,
  };
}

export class RealAgent {
  readonly service: RunningService;
  readonly groupId: string;
  readonly name: string;
  readonly events: AgentEvent[] = [];
  version = '3.0.0';
  /** What a test does at a step of the agent. */
  observe: (step: AgentStep) => void | Promise<void> = () => undefined;
  readonly #folder = memoryAgentFolder();

  constructor(service: RunningService, groupId: string, name: string) {
    this.service = service;
    this.groupId = groupId;
    this.name = name;
  }

  get agent(): Agent {
    return {
      folder: this.#folder,
      clock: this.service.clock,
      connect: (server) => httpServiceClient({ server }),
      version: this.version,
      newGroupKey,
      observe: (step) => this.observe(step),
      report: (event) => this.events.push(event),
    };
  }

  get records(): AgentRecords {
    return new AgentRecords(this.#folder);
  }

  async join(password = PASSWORD, token?: string): Promise<CheckInAnswer> {
    return join(this.agent, {
      server: this.service.host.url,
      enrollmentToken: token ?? (await this.service.enroll(this.groupId)),
      name: this.name,
      password: passwordOf(password),
    });
  }

  checkIn(): Promise<CheckInAnswer> {
    return checkInOnce(this.agent);
  }

  rejoin(password: string): Promise<CheckInAnswer> {
    return rejoin(this.agent, passwordOf(password));
  }

  regenerate(password: string): Promise<unknown> {
    return regeneratePassword(this.agent, passwordOf(password));
  }

  async heldVersions(): Promise<number[]> {
    return (await this.records.heldKeys()).map(({ version }) => version);
  }

  /** As people see it. */
  async view(): Promise<MachineView> {
    const machine = await this.records.machine();
    const { body } = await this.service.call<MachineView>(
      'GET',
      `groups/${this.groupId}/machines/${machine?.machineId}`,
    );
    return body;
  }
}

/** A group and its joined machines, by name. */
export async function groupOf(
  service: RunningService,
  names: readonly string[],
  policy: object = {},
): Promise<{ groupId: string; agents: RealAgent[] }> {
  const { id: groupId } = await service.newGroup(policy);
  const agents = names.map((name) => new RealAgent(service, groupId, name));
  for (const agent of agents) await agent.join();
  return { groupId, agents };
}

/** Members that hold what `model` holds, written into store and folder as if they had joined: joining costs a derivation each. */
export async function crowdOf(model: RealAgent, count: number): Promise<RealAgent[]> {
  const { service, groupId } = model;
  const record = await model.records.machine();
  const stored = await service.system.store.read<Machine>(groupId, record?.machineId ?? '');
  if (record === null || stored === null) throw new Error('the model has joined');
  const held = await model.records.heldKeys();
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const agent = new RealAgent(service, groupId, `bot-${index + 2}`);
      const machineId = randomUUID();
      const identity = await newMachineIdentity();
      const document: Machine = {
        ...stored.document,
        id: machineId,
        name: agent.name,
        identityKey: identity.publicJwk,
      };
      await service.system.store.write(groupId, [{ kind: 'create', document }]);
      await agent.records.writeMachine({ ...record, machineId, name: agent.name }, identity);
      for (const key of held) await agent.records.writeHeldKey(key);
      return agent;
    }),
  );
}

/** The code of the problem or failure that a promise ends in; null when it ends well. */
export async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    const { code, exit } = error as { code?: string; exit?: string };
    return code ?? exit ?? String(error);
  }
}
