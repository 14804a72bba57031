// A machine whose joining was refused, and what its commands say of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { runDaemon } from '../../cli/agent/daemon.ts';
import { leave } from '../../cli/agent/leave.ts';
import { regeneratePassword } from '../../cli/agent/regenerate-password.ts';
import { rejoin } from '../../cli/agent/rejoin.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { fleetOf, joinGroup, nth, openWindow, password, testAgent } from './test-agents.ts';
import type { TestAgent } from './test-agents.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** Refused before the service registered it. */
async function refusedAsStale(): Promise<TestAgent> {
  const fleet = await fleetOf(service, 1);
  await openWindow(service, fleet);
  await checkInOnce(nth(fleet, 0));
  const agent = testAgent(service);
  await expect(joinGroup(service, agent, fleet.token)).rejects.toMatchObject({ code: 'GroupPasswordStale' });
  return agent;
}

/** Registered as joining, and stopped by its wrong password. */
async function stoppedByPassword(): Promise<TestAgent> {
  const { token } = await fleetOf(service, 1);
  const agent = testAgent(service);
  const joining = joinGroup(service, agent, token, password('not the password'));
  await expect(joining).rejects.toMatchObject({ exit: 'wrongPassword' });
  return agent;
}

describe.each([
  ['refused', refusedAsStale],
  ['stopped by a wrong password', stoppedByPassword],
])('A machine that was %s', (_, newAgent) => {
  test('is told by each command to repeat its joining', async () => {
    const agent = await newAgent();
    const commands = [
      () => checkInOnce(agent),
      () => rejoin(agent, password()),
      () => regeneratePassword(agent, password()),
      () => runDaemon(agent, new AbortController().signal),
    ];
    for (const command of commands) await expect(command()).rejects.toMatchObject({ exit: 'folder' });
  });

  test('leaves nothing behind when it is forgotten', async () => {
    const agent = await newAgent();
    expect(await leave(agent, false)).toEqual({ told: true, wasMember: false });
    expect(agent.folder.texts.size).toBe(0);
  });
});
