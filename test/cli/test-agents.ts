// Agents on a running service: the real logic, folders in memory, keys that were made before.
import type { Agent } from '../../cli/agent/agent.ts';
import type { AgentEvent } from '../../cli/agent/agent-events.ts';
import { join } from '../../cli/agent/join.ts';
import type { GroupPasswordSource } from '../../cli/agent/passwords.ts';
import type { AgentStep } from '../../cli/agent/steps.ts';
import { httpServiceClient } from '../../shared/api/client.ts';
import type { ServiceClient } from '../../shared/api/client.ts';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { preparedGroupKey } from '../service/prepared-keys.ts';
import type { RunningService } from '../service/running-service.ts';
import { memoryAgentFolder } from './memory-agent-folder.ts';
import type { MemoryAgentFolder } from './memory-agent-folder.ts';

export const PASSWORD = 'correct horse battery staple';

export interface TestAgent extends Agent {
  readonly folder: MemoryAgentFolder;
  readonly steps: AgentStep[];
  readonly events: AgentEvent[];
}

export function testAgent(service: RunningService, parts: Partial<Agent> = {}): TestAgent {
  const steps: AgentStep[] = [];
  const events: AgentEvent[] = [];
  return {
    clock: service.clock,
    connect: (server) => httpServiceClient({ server }),
    version: '3.0.0',
    newGroupKey: (options) => Promise.resolve(preparedGroupKey(options)),
    observe: (step) => void steps.push(step),
    report: (event) => void events.push(event),
    ...parts,
    folder: (parts.folder as MemoryAgentFolder | undefined) ?? memoryAgentFolder(),
    steps,
    events,
  };
}

export interface TestPassword extends GroupPasswordSource {
  readonly asked: ('existing' | 'chosen' | 'accepted')[];
}

/** A person who knows, or chooses, this password. */
export function password(text = PASSWORD): TestPassword {
  const asked: TestPassword['asked'] = [];
  return {
    asked,
    async existing() {
      asked.push('existing');
      return text;
    },
    async chosen() {
      asked.push('chosen');
      return text;
    },
    accepted: () => void asked.push('accepted'),
  };
}

export function joinGroup(
  service: RunningService,
  agent: Agent,
  enrollmentToken: string,
  given: GroupPasswordSource = password(),
  name = 'bot-1',
): Promise<CheckInAnswer> {
  return join(agent, { server: service.host.url, enrollmentToken, name, password: given });
}

/** The agent's calls pass through `around`, which may fail, spoil or count them. */
export function throughClient(
  around: (id: string, call: () => Promise<unknown>) => Promise<unknown>,
): Agent['connect'] {
  return (server) => {
    const client = httpServiceClient({ server });
    const call = (id: Parameters<ServiceClient['call']>[0], parts: object) =>
      around(id, () => client.call(id, parts));
    return { call: call as ServiceClient['call'] };
  };
}

export interface Fleet {
  readonly groupId: string;
  readonly token: string;
  readonly agents: readonly TestAgent[];
}

export async function fleetOf(service: RunningService, count: number): Promise<Fleet> {
  const { id } = await service.newGroup();
  const token = await service.enroll(id);
  const agents = Array.from({ length: count }, () => testAgent(service));
  for (const agent of agents) await joinGroup(service, agent, token);
  return { groupId: id, token, agents };
}

export function nth(fleet: Fleet, index: number): TestAgent {
  const agent = fleet.agents[index];
  if (agent === undefined) throw new Error(`the fleet has no agent ${index}`);
  return agent;
}

export async function openWindow(service: RunningService, { groupId }: Fleet): Promise<void> {
  const { code } = await service.call('POST', `groups/${groupId}/renewals`);
  if (code !== undefined) throw new Error(`the window did not open: ${code}`);
}

export async function endWindow(service: RunningService, { groupId }: Fleet): Promise<void> {
  const { renewal } = await service.group(groupId);
  await service.scanAt(renewal?.endsOn as Instant);
}

/** The files of held keys. */
export function heldVersions(agent: TestAgent): string[] {
  return [...agent.folder.texts.keys()].filter((name) => name.startsWith('key-')).toSorted();
}
