// Ways in which an agent's work is cut off, counted so that a test can go through all of them: the process dies at the
// n-th point, before a write or at a step; or the n-th call loses its request or its answer.
import type { Agent } from '../../cli/agent/agent.ts';
import { ServiceUnreachable } from '../../shared/api/client.ts';
import type { MemoryAgentFolder } from './memory-agent-folder.ts';
import { throughClient } from './test-agents.ts';
import type { TestAgent } from './test-agents.ts';

export class Died extends Error {}

/** The agent as one whose process dies at point `n`, from 0: from then on it does nothing any more. */
export function dyingAt(n: number, agent: TestAgent): { agent: Agent; diedAt: () => string | null } {
  let passed = 0;
  let diedAt: string | null = null;

  function point(name: string): void {
    alive();
    if (passed++ < n) return;
    diedAt = name;
    throw new Died(name);
  }

  function alive(): void {
    if (diedAt !== null) throw new Died(diedAt);
  }

  const { folder } = agent;
  const dyingFolder: MemoryAgentFolder = {
    ...folder,
    read: (name) => (alive(), folder.read(name)),
    list: () => (alive(), folder.list()),
    write: async (name, text) => {
      point(`before writing ${name}`);
      await folder.write(name, text);
    },
    remove: async (name) => {
      point(`before removing ${name}`);
      await folder.remove(name);
    },
  };
  const observe = (step: Parameters<Agent['observe']>[0]): void => {
    void agent.observe(step);
    point(`at ${step}`);
  };
  return { agent: { ...agent, folder: dyingFolder, observe }, diedAt: () => diedAt };
}

/** The agent as one whose call `n`, from 0, is lost on its way there or back. */
export function losing(
  n: number,
  what: 'request' | 'answer',
  agent: TestAgent,
): { agent: Agent; lost: () => string | null } {
  let calls = 0;
  let lost: string | null = null;
  const connect = throughClient(async (id, call) => {
    if (calls++ !== n) return call();
    lost = `${what} of ${id}`;
    if (what === 'answer') await call();
    throw new ServiceUnreachable(lost);
  });
  return { agent: { ...agent, connect }, lost: () => lost };
}
