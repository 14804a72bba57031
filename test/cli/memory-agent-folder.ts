// An agent's folder in memory. What was written stays when the agent that wrote it is given up.
import type { AgentFolder } from '../../cli/agent/agent-folder.ts';

export interface MemoryAgentFolder extends AgentFolder {
  readonly texts: Map<string, string>;
}

export function memoryAgentFolder(): MemoryAgentFolder {
  const texts = new Map<string, string>();
  let isHeld = false;
  return {
    path: 'memory',
    texts,
    read: (name) => Promise.resolve(texts.get(name) ?? null),
    write: async (name, text) => void texts.set(name, text),
    remove: async (name) => void texts.delete(name),
    list: () => Promise.resolve([...texts.keys()]),
    async exclusively(work) {
      if (isHeld) throw new Error('exclusive work within exclusive work');
      isHeld = true;
      try {
        return await work();
      } finally {
        isHeld = false;
      }
    },
    asDaemon: (work) => work(),
  };
}
