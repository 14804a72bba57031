// The one place of the command line that picks adapters by the environment.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { httpServiceClient, parseServerUrl } from '../shared/api/client.ts';
import type { ServiceClient } from '../shared/api/client.ts';
import { isAgentVersion } from '../shared/domain/agent-version.ts';
import { systemClock } from '../shared/adapters/system-clock.ts';
import type { Clock } from '../shared/ports/clock.ts';
import { VERSION } from '../shared/version.ts';
import type { Agent } from './agent/agent.ts';
import { Failure } from './failure.ts';
import type { World } from './world.ts';

const SERVER_DEFAULT = 'http://127.0.0.1:7071';

/** Null when what the environment names is no address. */
export function environmentServer({ env }: World): string | null {
  return parseServerUrl(env.KEYTURN_SERVER ?? SERVER_DEFAULT);
}

/** The machine's clock; the one in the file KEYTURN_CLOCK_FILE in demos and tests. */
export async function composeClock({ env, cwd }: World): Promise<Clock> {
  if (!env.KEYTURN_CLOCK_FILE) return systemClock();
  const { fileClock } = await import('../shared/adapters/file-clock.ts');
  return fileClock(resolve(cwd, env.KEYTURN_CLOCK_FILE));
}

/** @throws Failure `usage` for what is no address, or one that tokens must not be sent to. */
export function serverAddress(given: string | undefined, { env }: World): string {
  const text = given ?? env.KEYTURN_SERVER ?? SERVER_DEFAULT;
  const server = parseServerUrl(text);
  if (server !== null) return server;
  if (parseServerUrl(`http://${text}`) !== null) {
    throw new Failure('usage', `${text} lacks http:// at its beginning`, `Give http://${text}`);
  }
  if (!text.includes('://') && parseServerUrl(`https://${text}`) !== null) {
    throw new Failure('usage', `${text} lacks https:// at its beginning`, `Give https://${text}`);
  }
  throw new Failure(
    'usage',
    `${text} is not the address of a service`,
    'An https address, or http on this machine: https://keyturn.example.com',
  );
}

export function composeClient(server: string): ServiceClient {
  return httpServiceClient({ server });
}

export interface AgentOptions {
  readonly folder?: string;
  readonly agentVersion?: string;
}

export async function composeAgent(
  world: World,
  options: AgentOptions,
  tell: Pick<Agent, 'report'> & { readonly onWait: (message: string) => void },
): Promise<Agent> {
  const { fileAgentFolder } = await import('./agent/file-agent-folder.ts');
  const { newGroupKey } = await import('../shared/crypto/group-key.ts');
  const { env, cwd } = world;
  const path = options.folder ?? env.KEYTURN_AGENT_FOLDER ?? join(homedir(), '.keyturn', 'agent');
  return {
    folder: fileAgentFolder(resolve(cwd, path), { onWait: tell.onWait }),
    clock: await composeClock(world),
    connect: composeClient,
    version: agentVersion(options, world),
    newGroupKey,
    observe: world.observe,
    report: tell.report,
  };
}

function agentVersion({ agentVersion: given }: AgentOptions, { env }: World): string {
  const version = given ?? env.KEYTURN_AGENT_VERSION ?? VERSION;
  if (isAgentVersion(version)) return version;
  throw new Failure('usage', `${version} is no agent version; one is like 2.23 or 3.0.0`);
}
