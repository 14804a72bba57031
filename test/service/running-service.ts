// A whole service for tests: the real functions on the embedded host, over HTTP, with store and vault in memory and a
// clock that stands still until it is set. What it logs is kept, and stopping it fails when a secret was logged.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { functionRegistry } from '../../infra/local/functions-core.ts';
import { startHost } from '../../infra/local/host.ts';
import type { Host } from '../../infra/local/host.ts';
import { localPeopleAuthenticator } from '../../shared/adapters/local-people-authenticator.ts';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import type { ManualClock } from '../../shared/adapters/manual-clock.ts';
import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { memoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import type { MemoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import type { GroupView } from '../../shared/api/group.ts';
import { closeSystem, useSystem } from '../../shared/compose.ts';
import type { ComposedSystem } from '../../shared/compose.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { CONSUMER_NAMES } from '../../shared/services/consumers.ts';
import { VERSION } from '../../shared/version.ts';

export const START = '2026-01-01T00:00:00Z' as Instant;

/** Tokens of people, by role. */
export const PEOPLE = { Reader: 'reader-token', Operator: 'operator-token', Admin: 'admin-token' } as const;

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  /** The problem's code; undefined when it went well. */
  readonly code: string | undefined;
}

export interface RunningService {
  readonly host: Host;
  readonly system: ComposedSystem;
  readonly clock: ManualClock;
  readonly logs: string[];
  /** Texts that must never be logged. */
  readonly secrets: Set<string>;
  /** One call; `token` defaults to the Admin's. `body` is sent as JSON unless it is text already. */
  call<T>(method: string, path: string, body?: unknown, token?: string | null): Promise<Answer<T>>;
  /** Sets the clock, runs the scan and everything that follows from it. */
  scanAt(instant: Instant): Promise<void>;
  /** Shows the queue's messages whose time has come to their function, and lets everything happen that follows. */
  deliverRetries(): Promise<void>;
  newGroup(body?: object): Promise<GroupView>;
  group(groupId: string): Promise<GroupView>;
  enroll(groupId: string, body?: object): Promise<string>;
  stop(): Promise<void>;
}

/** A system whose time and queue tests can move on. */
export interface TestSystem extends ComposedSystem {
  readonly clock: ManualClock;
  readonly queue: MemoryWorkQueue;
}

export function newTestSystem(parts: Partial<TestSystem> = {}): TestSystem {
  const clock = parts.clock ?? manualClock(START);
  const store = memoryDocumentStore();
  const tokens = Object.entries(PEOPLE).map(
    ([role, token]) =>
      `${role}:test-${role.toLowerCase()}:${createHash('sha256').update(token).digest('hex')}`,
  );
  return {
    store,
    feed: store,
    vault: memoryPackageVault(),
    queue: memoryWorkQueue(clock),
    clock,
    people: localPeopleAuthenticator(tokens.join(',')),
    settings: {
      minimumAgentVersion: '2.23',
      steadyCheckInSeconds: 3600,
      feedConsumers: CONSUMER_NAMES,
      healthSeconds: 0,
      version: VERSION,
    },
    ...parts,
  };
}

/** Once a year: tests invoke the timers themselves. */
export const TEST_SCHEDULES = {
  RENEWAL_SCAN_SCHEDULE: '0 0 0 1 1 *',
  FLEET_METRICS_SCHEDULE: '0 0 0 1 1 *',
  COSMOS_DATABASE: 'keyturn',
} as const;

export async function startService(parts: Partial<TestSystem> = {}): Promise<RunningService> {
  const system = newTestSystem(parts);
  const { clock } = system;
  useSystem(system);
  const logs: string[] = [];
  const log = (level: string, source: string, message: string): void =>
    void logs.push(`${level} ${source}: ${message}`);
  const host = await startHost({
    load: () => import('../../functions/index.ts'),
    clock,
    changeFeed: system.feed,
    checkpoints: system.feed,
    settings: TEST_SCHEDULES,
    address: { host: '127.0.0.1', port: 0 },
    log: ({ level, source, message }) => log(level, source, message),
    feedPollMilliseconds: 20,
  });
  const secrets = new Set<string>(Object.values(PEOPLE));

  async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    token: string | null = PEOPLE.Admin,
  ): Promise<Answer<T>> {
    const response = await fetch(`${host.url}/api/${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.endsWith('json') === true;
    const parsed = (isJson ? JSON.parse(text) : text || undefined) as T & { code?: string };
    const code = response.ok ? undefined : parsed?.code;
    return { status: response.status, headers: response.headers, body: parsed, code };
  }

  async function done<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await call<T>(method, path, body);
    assert(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  return {
    host,
    system,
    clock,
    logs,
    secrets,
    call,
    async scanAt(instant) {
      clock.set(instant);
      await host.invokeTimer('renewal-scan');
      await host.drainFeeds();
    },
    async deliverRetries() {
      await host.drainFeeds();
      await system.queue.deliver((message) => invokeQueue(message, log));
      await host.drainFeeds();
    },
    newGroup: (body = {}) => done('POST', 'groups', { name: 'Line 1', ...body }),
    group: (groupId) => done('GET', `groups/${groupId}`),
    async enroll(groupId, body = {}) {
      const { token } = await done<{ token: string }>('POST', `groups/${groupId}/enrollment-tokens`, body);
      secrets.add(token);
      return token;
    },
    async stop() {
      await host.stop();
      await closeSystem();
      for (const line of logs) refuseSecrets(line, secrets);
    },
  };
}

const QUEUE_FUNCTION = 'fleet-retries';

/** As the host does it for a queue of Azure Storage, which tests have none of. */
async function invokeQueue(
  message: unknown,
  log: (level: string, source: string, message: string) => void,
): Promise<void> {
  const registered = functionRegistry.functions.get(QUEUE_FUNCTION);
  assert(registered);
  try {
    await registered.callback(message, {
      warn: (line: string) => log('warning', QUEUE_FUNCTION, line),
    });
  } catch (error) {
    log('error', QUEUE_FUNCTION, String(error));
    throw error;
  }
}

/** JWTs and JWEs, private keys, enrollment tokens, certificates and packages, whoever made them. */
const SECRET_FORMS = [/eyJ[\w-]{10,}\.[\w-]+/, /PRIVATE KEY/, /kt1\.[0-9a-f-]{36}/, /MII[\w+/]{60,}/];

/** Fails when a text that leaves the service, as a log line or an answer, holds a secret. */
export function refuseSecrets(text: string, secrets: ReadonlySet<string>): void {
  for (const form of SECRET_FORMS) assert.doesNotMatch(text, form);
  for (const secret of secrets) assert(!text.includes(secret), 'a secret was told');
}
