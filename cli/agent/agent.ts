// What the agent's logic is handed. It reads no clock, environment, terminal or network of its own.
import type { ServiceClient } from '../../shared/api/client.ts';
import type { newGroupKey } from '../../shared/crypto/group-key.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { AgentEvent } from './agent-events.ts';
import type { AgentFolder } from './agent-folder.ts';
import type { AgentStep } from './steps.ts';

export interface Agent {
  readonly folder: AgentFolder;
  readonly clock: Clock;
  /** The client of the service at `server`. */
  readonly connect: (server: string) => ServiceClient;
  /** What it tells the service to be. */
  readonly version: string;
  /** Makes a group key: slow by nature, so that a simulation brings its own. */
  readonly newGroupKey: typeof newGroupKey;
  /** Called at each step; may throw, or end the process. */
  readonly observe: (step: AgentStep) => void | Promise<void>;
  /** Tells the person or the log what happens. */
  readonly report: (event: AgentEvent) => void;
}
