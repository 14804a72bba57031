// Makes load in a process of its own: so many connections, each with one request under way at a time, the next as soon
// as the answer is there. Tokens are signed before anything is measured.
import { Agent, request } from 'node:http';
import { pause } from '../../shared/adapters/pause.ts';
import { MACHINE_TOKEN_AUDIENCE } from '../../shared/api/check-in.ts';
import { machineIdentityFromPem } from '../../shared/crypto/machine-identity.ts';
import { signMachineToken } from '../../shared/crypto/machine-token.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { answerParent } from './child.ts';
import { groupIdOf, identityOf, machineIdOf, THUMBPRINT } from './fleet.ts';

export interface Fleet {
  readonly identityPems: readonly string[];
  readonly machinesPerGroup: number;
  /** Indices of the machines to make a token for each. */
  readonly from: number;
  readonly to: number;
  readonly now: Instant;
  /** So many tokens more, for the first machines in turn. */
  readonly more?: { readonly tokens: number; readonly machines: number };
}

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly requests: number;
  /** Requests begin at this steady rate, and are timed from when they were to begin; left out, as fast as answers come. */
  readonly perSecond?: number;
  /**
   * `nothing`: the function that does nothing. `fresh`: every check-in of a machine, and with a token, never seen. `known`:
   * with a token never seen, of a machine that was. `again`: tokens seen before.
   */
  readonly kind: 'nothing' | 'fresh' | 'known' | 'again';
  /** How many tokens, of the first machines, `again` goes round; the others are for `fresh`. */
  readonly tokensAgain: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly latencies: Float64Array;
  /** Answers of another status than 200. */
  readonly failures: number;
  readonly answer: string;
}

interface Target {
  readonly path: string;
  readonly token: string;
}

const BODY = Buffer.from(
  JSON.stringify({ agentVersion: '3.0.0', keys: [{ version: 1, thumbprint: THUMBPRINT }] }),
);
const SIGNED_AT_A_TIME = 64;

let targets: Target[] = [];
let more: Target[] = [];
/** Count over all runs: a token is fresh once. */
let freshUsed = 0;
let moreUsed = 0;

async function sign(fleet: Fleet): Promise<number> {
  const { identityPems, machinesPerGroup, from, to, now } = fleet;
  const identities = identityPems.map(machineIdentityFromPem);
  async function target(index: number): Promise<Target> {
    const groupId = groupIdOf(Math.floor(index / machinesPerGroup));
    const machineId = machineIdOf(index);
    const { privateKey } = identityOf(identities, index);
    const options = { machineId, groupId, audience: MACHINE_TOKEN_AUDIENCE, now, lifetimeSeconds: 600 };
    const token = await signMachineToken(options, privateKey);
    return { path: `/api/groups/${groupId}/machines/${machineId}/check-in`, token };
  }
  async function tokens(count: number, machine: (number: number) => number): Promise<Target[]> {
    const signed: Target[] = [];
    for (let start = 0; start < count; start += SIGNED_AT_A_TIME) {
      const some = Array.from({ length: Math.min(SIGNED_AT_A_TIME, count - start) }, (_, i) => start + i);
      signed.push(...(await Promise.all(some.map((number) => target(machine(number))))));
    }
    return signed;
  }
  const { tokens: count, machines } = fleet.more ?? { tokens: 0, machines: 1 };
  targets = await tokens(to - from, (number) => from + number);
  more = await tokens(count, (number) => number % machines);
  freshUsed = moreUsed = 0;
  return targets.length + more.length;
}

async function run(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const latencies: number[] = [];
  let started = 0;
  let failures = 0;
  let answer = '';
  let nextAgain = 0;
  const next = (): Target | undefined => {
    if (load.kind === 'fresh') return targets[load.tokensAgain + freshUsed++];
    return load.kind === 'known' ? more[moreUsed++] : targets[nextAgain++ % load.tokensAgain];
  };
  const startedAt = performance.now();

  /** When the request of that number, from 0, is to be sent; waits until then. */
  async function due(number: number): Promise<number> {
    if (load.perSecond === undefined) return performance.now();
    const at = startedAt + (number * 1000) / load.perSecond;
    const wait = at - performance.now();
    if (wait > 0) await pause(wait);
    return at;
  }

  async function connection(): Promise<void> {
    while (started++ < load.requests) {
      const target = next();
      if (target === undefined) throw new Error('there are no more fresh tokens');
      const sentAt = await due(started - 1);
      const path = load.kind === 'nothing' ? '/api/nothing' : target.path;
      const got = await call(load.url, agent, path, target.token);
      latencies.push(performance.now() - sentAt);
      if (got.status !== 200) failures++;
      if (answer === '' || got.status !== 200) answer = `${got.status} ${got.text()}`;
    }
  }

  await Promise.all(Array.from({ length: load.connections }, connection));
  const seconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  return { seconds, latencies: Float64Array.from(latencies), failures, answer };
}

function call(url: string, agent: Agent, path: string, token: string) {
  return new Promise<{ status: number; text: () => string }>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': BODY.length,
    };
    const sent = request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: () => Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(BODY);
  });
}

const answers = { sign, run };
export type LoadAnswers = typeof answers;

answerParent(answers, () => Promise.resolve());
