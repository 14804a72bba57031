// The daemon: keeps the service's pace, backs off when something is wrong, and ends only when waiting cannot help.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backoffSeconds, runDaemon } from '../../cli/agent/daemon.ts';
import { leave } from '../../cli/agent/leave.ts';
import { agentStatus } from '../../cli/agent/status.ts';
import type { Agent } from '../../cli/agent/agent.ts';
import { ReceivedProblem, ServiceUnreachable } from '../../shared/api/client.ts';
import { problemDocument, Problem } from '../../shared/api/problem.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { joinGroup, testAgent, throughClient } from './test-agents.ts';
import type { TestAgent } from './test-agents.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

async function joinedAgent(): Promise<TestAgent & { groupId: string }> {
  const { id } = await service.newGroup();
  const agent = testAgent(service);
  await joinGroup(service, agent, await service.enroll(id));
  agent.events.length = 0;
  return { ...agent, groupId: id };
}

/** Runs the daemon for so many sleeps; answers how long each was to be, seconds. */
async function sleepsOf(agent: Agent, count: number): Promise<number[]> {
  const sleeps: number[] = [];
  const stop = new AbortController();
  const clock = {
    now: () => agent.clock.now(),
    sleep: async (seconds: number) => {
      sleeps.push(seconds);
      if (sleeps.length === count) stop.abort();
    },
  };
  await runDaemon({ ...agent, clock }, stop.signal);
  return sleeps;
}

function failing(times: number, failure: () => Error): Agent['connect'] {
  let calls = 0;
  return throughClient(async (_id, call) => {
    if (calls++ < times) throw failure();
    return call();
  });
}

function problem(code: ProblemCode, retryAfterSeconds: number | null = null, serverTime?: string): Error {
  return new ReceivedProblem(problemDocument(new Problem(code, 'said so'), serverTime), retryAfterSeconds);
}

test('Each check-in is when the service says', async () => {
  const agent = await joinedAgent();
  const said: number[] = [];
  const connect = throughClient(async (_id, call) => {
    const answer = (await call()) as CheckInAnswer;
    said.push(answer.nextCheckIn.afterSeconds);
    return answer;
  });
  expect(await sleepsOf({ ...agent, connect }, 3)).toEqual(said);
  expect(agent.events.map(({ event }) => event)).toEqual(['checkedIn', 'checkedIn', 'checkedIn', 'stopped']);
});

test('Failures in a row are waited out longer and longer, and forgotten after a success', async () => {
  const agent = await joinedAgent();
  const { machineId } = await agentStatus(agent);
  const connect = failing(3, () => new ServiceUnreachable('nobody there'));
  const sleeps = await sleepsOf({ ...agent, connect }, 4);
  expect(sleeps.slice(0, 3)).toEqual([1, 2, 3].map((attempt) => backoffSeconds(machineId, attempt)));
  const again = failing(1, () => new ServiceUnreachable('nobody there'));
  expect((await sleepsOf({ ...agent, connect: again }, 1))[0]).toBe(backoffSeconds(machineId, 1));
});

test.each([
  ['an overloaded service', () => problem('Overloaded', 120)],
  ['a gateway before it', () => new ServiceUnreachable('503', { retryAfterSeconds: 120 })],
])('Retry-After of %s is kept', async (_who, failure) => {
  const agent = await joinedAgent();
  expect(await sleepsOf({ ...agent, connect: failing(1, failure) }, 1)).toEqual([120]);
});

test.each<[string, () => Error]>([
  ['a wrong clock', () => problem('AuthTokenNotYetValid', null, '2025-12-31T00:00:00Z')],
  ['a service that fails', () => problem('InternalError')],
  ['contention', () => problem('Contention')],
  ['a refusal', () => problem('Unauthenticated')],
  ['a defect', () => new TypeError('undefined is not a function')],
])('The daemon says so and goes on after %s', async (_what, failure) => {
  const agent = await joinedAgent();
  const sleeps = await sleepsOf({ ...agent, connect: failing(20, failure) }, 2);
  expect(Math.min(...sleeps)).toBeGreaterThanOrEqual(5);
  expect(agent.events.map(({ event }) => event)).toEqual(['retrying', 'retrying', 'stopped']);
});

test('A removed machine and a deleted group end the daemon', async () => {
  const removed = await joinedAgent();
  const { machineId, groupId } = await agentStatus(removed);
  await service.call('DELETE', `groups/${groupId}/machines/${machineId}`);
  await expect(sleepsOf(removed, 9)).rejects.toMatchObject({ code: 'MachineRemoved' });
  const orphan = await joinedAgent();
  await service.call('DELETE', `groups/${orphan.groupId}`);
  await expect(sleepsOf(orphan, 9)).rejects.toMatchObject({ code: 'GroupDeleted' });
});

test('A machine that has left beside it ends the daemon', async () => {
  const agent = await joinedAgent();
  await leave(agent, false);
  await expect(sleepsOf(agent, 9)).rejects.toMatchObject({ exit: 'folder' });
});

test('A machine that needs a person goes on at the service’s pace, and says what is needed', async () => {
  const agent = await joinedAgent();
  const other = testAgent(service);
  await joinGroup(service, other, await service.enroll(agent.groupId));
  await service.call('POST', `groups/${agent.groupId}/renewals`);
  await sleepsOf(other, 1);
  const { renewal } = await service.group(agent.groupId);
  if (renewal === null) throw new Error('a window is open');
  await service.scanAt(renewal.endsOn);
  const sleeps = await sleepsOf(agent, 2);
  expect(Math.min(...sleeps)).toBeGreaterThan(3600);
  expect(agent.events[0]).toMatchObject({ event: 'attention' });
});

test('Back-off grows from 5 s to 15 min, differs between machines, and is the same each time', () => {
  const attempts = Array.from({ length: 20 }, (_, index) => index + 1);
  for (const machine of ['one', 'other']) {
    const seconds = attempts.map((attempt) => backoffSeconds(machine, attempt));
    expect(seconds).toEqual(attempts.map((attempt) => backoffSeconds(machine, attempt)));
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(900);
    expect(Math.min(...seconds.slice(9))).toBeGreaterThanOrEqual(450);
  }
  expect(
    new Set(Array.from({ length: 50 }, (_, index) => backoffSeconds(`m${index}`, 12))).size,
  ).toBeGreaterThan(30);
});
