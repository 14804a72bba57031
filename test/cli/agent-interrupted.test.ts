// Whatever cuts an agent off, at every point of everything it does, the next run ends well.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../../cli/agent/agent.ts';
import { AgentRecords } from '../../cli/agent/agent-records.ts';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { leave } from '../../cli/agent/leave.ts';
import { regeneratePassword } from '../../cli/agent/regenerate-password.ts';
import { AGENT_STEPS } from '../../cli/agent/steps.ts';
import { Failure } from '../../cli/failure.ts';
import { ServiceUnreachable } from '../../shared/api/client.ts';
import type { GroupView } from '../../shared/api/group.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { Died, dyingAt, losing } from './interruptions.ts';
import { joinGroup, password, testAgent } from './test-agents.ts';
import type { TestAgent } from './test-agents.ts';

let service: RunningService;
const passedSteps = new Set<string>();
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/**
 * Goes through every interruption of `work`, each on an agent of its own, and works again without one.
 * @param ready answers an agent that is about to do the work.
 * @param endsWell asserts on it afterwards.
 */
async function interruptedEverywhere(
  ready: () => Promise<TestAgent>,
  work: (agent: Agent) => Promise<unknown>,
  endsWell: (agent: TestAgent, where: string) => Promise<void>,
): Promise<string[]> {
  const places: string[] = [];
  for (const kind of ['death', 'request', 'answer'] as const) {
    for (let n = 0; ; n++) {
      const agent = await ready();
      const cut = kind === 'death' ? dyingAt(n, agent) : losing(n, kind, agent);
      const error = await work(cut.agent).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      const place = 'diedAt' in cut ? cut.diedAt() : cut.lost();
      const isCut = place !== null && (error instanceof Died || error instanceof ServiceUnreachable);
      if (error !== null && !isCut) throw new Error(`failed by itself: ${place}`, { cause: error });
      if (place === null) break;
      places.push(place);
      await work(agent).catch((thrown: unknown) => {
        // What had been finished before the cut leaves nothing to do.
        const isLeft = place === 'before removing identity.pem' || place === 'at folder-emptied';
        if (!(thrown instanceof Failure && isLeft)) throw thrown;
      });
      await endsWell(agent, place);
      for (const step of agent.steps) passedSteps.add(step);
    }
  }
  return places;
}

async function isUpToDate(agent: TestAgent, where: string, version: number): Promise<void> {
  const records = new AgentRecords(agent.folder);
  const [newest] = await records.heldKeys();
  expect(newest, where).toMatchObject({ version, provedOn: expect.any(String) });
  expect(await records.stagedKey(), where).toBeNull();
  const answer = await checkInOnce(agent);
  expect(answer, where).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: version });
  expect(newest?.thumbprint, where).toBe(answer.group.primaryKey?.thumbprint);
}

function tooFewMachines(): never {
  throw new Error('there are more points than machines');
}

async function firstMachine(group: GroupView, token: string): Promise<TestAgent> {
  const agent = testAgent(service);
  await joinGroup(service, agent, token);
  expect((await service.group(group.id)).status).toBe('Active');
  return agent;
}

describe('An agent that is cut off anywhere', { timeout: 240_000 }, () => {
  test('while it joins as the first machine, joins on the next try, and the group has the one key it holds', async () => {
    let token = '';
    const places = await interruptedEverywhere(
      async () => {
        token = await service.enroll((await service.newGroup()).id);
        return testAgent(service);
      },
      (agent) => joinGroup(service, agent, token),
      (agent, where) => isUpToDate(agent, where, 1),
    );
    expect(places).toContain('before writing staged-key.json');
    expect(places).toContain('answer of issueKey');
  });

  test('while it makes the next key, has made exactly that one on the next try', async () => {
    const places = await interruptedEverywhere(
      async () => {
        const group = await service.newGroup();
        const agent = await firstMachine(group, await service.enroll(group.id));
        await service.call('POST', `groups/${group.id}/renewals`);
        agent.steps.length = 0;
        return agent;
      },
      checkInOnce,
      (agent, where) => isUpToDate(agent, where, 2),
    );
    expect(places).toContain('answer of issueKey');
  });

  test('while it joins, picks up a key, retires one or leaves, does so on the next try', async () => {
    const group = await service.newGroup();
    const token = await service.enroll(group.id, { uses: 200 });
    const first = await firstMachine(group, token);

    const machines: TestAgent[] = [];
    await interruptedEverywhere(
      async () => {
        machines.push(testAgent(service));
        return machines.at(-1) as TestAgent;
      },
      (agent) => joinGroup(service, agent, token),
      (agent, where) => isUpToDate(agent, where, 1),
    );

    await service.call('POST', `groups/${group.id}/renewals`);
    await checkInOnce(first);
    const pending = machines.values();
    const next = async (): Promise<TestAgent> => pending.next().value ?? tooFewMachines();
    const picking = await interruptedEverywhere(next, checkInOnce, (agent, where) =>
      isUpToDate(agent, where, 2),
    );
    expect(picking).toContain('before writing key-2.json');
    for (const agent of pending) await checkInOnce(agent);

    const { renewal } = await service.group(group.id);
    await service.scanAt(renewal?.endsOn as Instant);
    const holders = machines.values();
    await interruptedEverywhere(
      async () => holders.next().value ?? tooFewMachines(),
      checkInOnce,
      async (agent, where) => {
        await isUpToDate(agent, where, 2);
        expect([...agent.folder.texts.keys()], where).not.toContain('key-1.json');
      },
    );

    const leavers = machines.values();
    await interruptedEverywhere(
      async () => leavers.next().value ?? tooFewMachines(),
      (agent) => leave(agent, false),
      async (agent, where) => {
        expect(agent.folder.texts.size, where).toBe(0);
      },
    );
  });

  test('while it regenerates the password, regenerates it on the next try', async () => {
    const group = await service.newGroup();
    const token = await service.enroll(group.id);
    const agent = await firstMachine(group, token);
    const places = await interruptedEverywhere(
      async () => agent,
      (running) => regeneratePassword(running, password('a password of its own')),
      async () => {},
    );
    expect(places).toContain('answer of setPassword');
    const joiner = testAgent(service);
    await joinGroup(service, joiner, token, password('a password of its own'));
    await isUpToDate(joiner, 'joined with the new password', 1);
  });
});

test('An issuer that is cut off until its lease is over drops its key and takes the other’s', async () => {
  const group = await service.newGroup();
  const token = await service.enroll(group.id);
  const agent = await firstMachine(group, token);
  const other = testAgent(service);
  await joinGroup(service, other, token);
  await service.call('POST', `groups/${group.id}/renewals`);
  const { agent: losingAgent } = losing(1, 'request', agent);
  await expect(checkInOnce(losingAgent)).rejects.toBeInstanceOf(ServiceUnreachable);
  expect(agent.folder.texts.has('staged-key.json')).toBe(true);

  service.clock.set(addMinutes(service.clock.now(), 11));
  await checkInOnce(other);
  await checkInOnce(agent);
  await isUpToDate(agent, 'after', 2);
  expect(agent.steps).toContain('staged-key-dropped');
  passedSteps.add('staged-key-dropped');
});

test('An issuer that hears of its key only when the next window has one holds it, and opens that one’s with it', async () => {
  const group = await service.newGroup();
  const token = await service.enroll(group.id);
  const agent = await firstMachine(group, token);
  const other = testAgent(service);
  await joinGroup(service, other, token);
  await service.call('POST', `groups/${group.id}/renewals`);
  const { agent: losingAgent } = losing(1, 'answer', agent);
  await expect(checkInOnce(losingAgent)).rejects.toBeInstanceOf(ServiceUnreachable);
  await checkInOnce(other);
  await service.scanAt((await service.group(group.id)).renewal?.endsOn as Instant);
  await service.call('POST', `groups/${group.id}/renewals`);
  await checkInOnce(other);

  await checkInOnce(agent);
  await isUpToDate(agent, 'two windows later', 3);
  expect(agent.steps).not.toContain('staged-key-dropped');
});

test('The interrupted agents passed every step there is', () => {
  expect([...passedSteps].toSorted()).toEqual([...AGENT_STEPS].toSorted());
});
