// Agents that are killed, as processes, at every step they can pass; run again, each ends well by itself. What they and
// others do before that is done here, in this process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../../cli/agent/agent.ts';
import { checkInOnce } from '../../cli/agent/check-in-once.ts';
import { fileAgentFolder } from '../../cli/agent/file-agent-folder.ts';
import { AGENT_STEPS } from '../../cli/agent/steps.ts';
import type { AgentStep } from '../../cli/agent/steps.ts';
import { setFileClock } from '../../shared/adapters/file-clock.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { MachineView } from '../../shared/api/machine.ts';
import { joinGroup, password, testAgent } from '../cli/test-agents.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';

const PROGRAM = fileURLToPath(new URL('killed-agent.ts', import.meta.url));
const PASSWORD = 'correct horse battery staple';

let service: RunningService;
let folder: string;
beforeAll(async () => {
  service = await startService();
  folder = await mkdtemp(join(tmpdir(), 'keyturn-kill-'));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

async function agent(name: string, words: string[], killAt?: AgentStep, input = PASSWORD): Promise<Ended> {
  const clockFile = join(folder, 'clock');
  setFileClock(clockFile, service.clock.now());
  const child = spawn(process.execPath, [PROGRAM, 'agent', ...words, '--folder', join(folder, name)], {
    env: { ...process.env, KEYTURN_CLOCK_FILE: clockFile, ...(killAt && { KILL_AT: killAt }) },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${input}\n`);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stderr };
}

async function expectKilled(ended: Promise<Ended>): Promise<void> {
  const { code, signal, stderr } = await ended;
  expect({ code, signal, stderr: signal === 'SIGKILL' ? '' : stderr }).toEqual({
    code: null,
    signal: 'SIGKILL',
    stderr: '',
  });
}

async function expectDone(ended: Promise<Ended>): Promise<void> {
  const { code, stderr } = await ended;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

/** The agent of that folder, with keys that were made before. */
function agentHere(name: string): Agent {
  return { ...testAgent(service), folder: fileAgentFolder(join(folder, name), { onWait: () => undefined }) };
}

async function joinHere(name: string, groupId: string, machineName = name): Promise<void> {
  await joinGroup(service, agentHere(name), await service.enroll(groupId), password(PASSWORD), machineName);
}

async function joining(name: string, groupId: string): Promise<string[]> {
  const token = await service.enroll(groupId);
  return ['join', '--server', service.host.url, '--token', token, '--name', name, '--password-stdin'];
}

async function machines(groupId: string): Promise<MachineView[]> {
  const { body } = await service.call<{ items: MachineView[] }>('GET', `groups/${groupId}/machines`);
  return body.items;
}

async function openWindow(groupId: string): Promise<void> {
  await service.scanAt((await service.group(groupId)).nextRenewalDate as Instant);
}

const COVERED = new Set<AgentStep>();
function each(...steps: AgentStep[]): AgentStep[] {
  for (const step of steps) COVERED.add(step);
  return steps;
}

describe('killed while it joins as the first machine', () => {
  test.for(
    each(
      'identity-stored',
      'join-answered',
      'key-made',
      'key-staged',
      'key-issued',
      'key-promoted',
      'check-in-recorded',
    ),
  )('at %s, it is a member when join is run again, and the group has one key', async (step) => {
    const { id } = await service.newGroup();
    const words = await joining('first', id);
    await expectKilled(agent(`first-${step}`, words, step));
    await expectDone(agent(`first-${step}`, words));
    expect(await service.group(id)).toMatchObject({
      status: 'Active',
      machineCount: 1,
      primaryKey: { version: 1 },
    });
    await expectDone(agent(`first-${step}`, ['check-in']));
  });
});

describe('killed while it takes part in a renewal', () => {
  test.for(
    each('check-in-answered', 'key-made', 'key-staged', 'key-issued', 'key-promoted', 'check-in-recorded'),
  )('as the issuer, at %s, it holds the group’s only new key after its next check-in', async (step) => {
    const { id } = await service.newGroup();
    await joinHere(`issuer-${step}`, id);
    await openWindow(id);
    await expectKilled(agent(`issuer-${step}`, ['check-in'], step));
    await expectDone(agent(`issuer-${step}`, ['check-in']));
    const [issuer] = await machines(id);
    expect(issuer).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
    expect(await service.system.vault.list(id)).toHaveLength(2);
  });

  describe('as one that fetches', () => {
    const steps = each('package-fetched', 'package-opened', 'key-stored', 'key-proved', 'proof-recorded');
    let groupId = '';
    beforeAll(async () => {
      groupId = (await service.newGroup()).id;
      for (const name of ['a', ...steps.map((step) => `b-${step}`)]) await joinHere(name, groupId);
      await openWindow(groupId);
      await checkInOnce(agentHere('a'));
    });

    test.for(steps)('at %s, it is up to date after its next check-in', async (step) => {
      const name = `b-${step}`;
      await expectKilled(agent(name, ['check-in'], step));
      await expectDone(agent(name, ['check-in']));
      const machine = (await machines(groupId)).find((each) => each.name === name);
      expect(machine).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
    });
  });

  test.for(each('staged-key-promoted', 'staged-key-dropped', 'key-retired'))(
    'at %s, in the check-in after another cut',
    async (step) => {
      const { id } = await service.newGroup();
      await joinHere(`c-${step}`, id, 'c');
      await joinHere(`d-${step}`, id, 'd');
      await openWindow(id);
      if (step === 'staged-key-dropped') {
        await expectKilled(agent(`c-${step}`, ['check-in'], 'key-staged'));
        service.clock.advanceMinutes(11);
        await checkInOnce(agentHere(`d-${step}`));
      } else {
        await expectKilled(agent(`c-${step}`, ['check-in'], 'key-issued'));
      }
      if (step === 'key-retired') {
        await checkInOnce(agentHere(`c-${step}`));
        await service.scanAt((await service.group(id)).renewal?.endsOn as Instant);
      }
      await expectKilled(agent(`c-${step}`, ['check-in'], step));
      await expectDone(agent(`c-${step}`, ['check-in']));
      const c = (await machines(id)).find(({ name }) => name === 'c');
      expect(c).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
    },
  );
});

test.for(each('password-wrapped', 'password-set'))(
  'killed at %s, regenerating the password is run again and the new password admits',
  async (step) => {
    const { id } = await service.newGroup();
    await joinHere(`e-${step}`, id);
    const words = ['regenerate-password', '--password-stdin'];
    await expectKilled(agent(`e-${step}`, words, step, 'another group password'));
    await expectDone(agent(`e-${step}`, words, undefined, 'another group password'));
    await expectDone(agent(`f-${step}`, await joining('f', id), undefined, 'another group password'));
  },
);

test.for(each('group-left', 'folder-emptied'))(
  'killed at %s, leaving is run again and nothing is left',
  async (step) => {
    const { id } = await service.newGroup();
    await joinHere(`g-${step}`, id);
    await expectKilled(agent(`g-${step}`, ['leave', '--yes'], step));
    const again = await agent(`g-${step}`, ['leave', '--yes']);
    // Once the folder is empty there is no machine any more that could leave.
    expect(again.code).toBe(step === 'folder-emptied' ? 10 : 0);
    expect(await machines(id)).toEqual([]);
  },
);

test('every step that an agent can pass was tried', () => {
  expect(AGENT_STEPS.filter((step) => !COVERED.has(step))).toEqual([]);
});
