// A person who mistypes the group password.
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentRecords } from '../../cli/agent/agent-records.ts';
import { groupPassword } from '../../cli/group-password.ts';
import { streamTerminal } from '../../cli/terminal.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { fleetOf, joinGroup, PASSWORD, testAgent } from './test-agents.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** Types these, one at each question. */
function typing(answers: readonly string[], isTTY = true) {
  const terminal = streamTerminal(
    { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() },
    {},
  );
  let asked = 0;
  const askHidden = () => Promise.resolve(answers[asked++] ?? '');
  return {
    source: groupPassword({ ...terminal, isInteractive: isTTY, askHidden }, {}),
    asked: () => asked,
  };
}

test('is asked again, also for what is too short to be one', async () => {
  const { token } = await fleetOf(service, 1);
  const { source, asked } = typing(['not the password', '', PASSWORD]);
  const answer = await joinGroup(service, testAgent(service), token, source);
  expect([answer.keyDeliveryStatus, asked()]).toEqual(['Default', 3]);
});

test('is asked three times at most', async () => {
  const { token } = await fleetOf(service, 1);
  const { source, asked } = typing(['one', 'two', 'three', PASSWORD]);
  const joining = joinGroup(service, testAgent(service), token, source);
  await expect(joining).rejects.toMatchObject({ exit: 'wrongPassword' });
  expect(asked()).toBe(3);
});

test('and a command without a password is no error of the machine', async () => {
  const { token } = await fleetOf(service, 1);
  const agent = testAgent(service);
  const joining = joinGroup(service, agent, token, typing([], false).source);
  await expect(joining).rejects.toMatchObject({ exit: 'usage' });
  expect(await new AgentRecords(agent.folder).lastCheckIn()).toBeNull();
});
