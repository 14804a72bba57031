// Faults in pairs at every write of a call: it failed and nothing was written; it failed and all was written. Either way
// the caller is told to come back, does the same again, and everything ends as if nothing had happened.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../shared/api/problem.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import type { GroupSnapshot } from './group-snapshot.ts';
import { normalizedGroup, snapshotOf } from './group-snapshot.ts';
import type { Hook, PortCall } from './hooked-ports.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import { ProtocolMachine, actionOf, cloned, joined } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { START, startService } from './running-service.ts';

/** Its window opens before the test host's own scan, once a year, is due. */
const SHORT = { groupKeyValidityPeriod: 129_600, groupKeyExpiryGracePeriod: 64_800 };

const ports = hookedPorts();
let service: RunningService;
let issuer: ProtocolMachine;
let second: ProtocolMachine;
let active: GroupSnapshot;
beforeAll(async () => {
  service = await startService(ports.parts);
  issuer = await joined(service, (await service.newGroup(SHORT)).id);
  [second = issuer] = await cloned(issuer, 1);
  active = await snapshotOf(service, issuer.groupId);
});
afterAll(() => service.stop());

interface Scenario {
  readonly groupId: string;
  readonly act: () => Promise<Answer>;
  /** How a repeat is refused when the first had been written after all; without it, the repeat is answered as the first. */
  readonly refusedAgain?: ProblemCode;
  /** What the protocol has the caller do after that. */
  readonly afterwards?: () => Promise<Answer>;
}

const WRITES: ReadonlySet<PortCall['kind']> = new Set(['store.write', 'vault.put']);

/** Throws at the write of that number, from 1, and never again. */
function failingAt(number: number, error = unavailable): { hook: Hook; fired: () => PortCall | null } {
  let seen = 0;
  let fired: PortCall | null = null;
  const hook: Hook = (call) => {
    if (fired !== null || !WRITES.has(call.kind)) return;
    seen += 1;
    if (seen < number) return;
    fired = call;
    throw error(call);
  };
  return { hook, fired: () => fired };
}

async function writesOf(act: () => Promise<unknown>): Promise<PortCall['kind'][]> {
  const writes: PortCall['kind'][] = [];
  ports.hook({ before: ({ kind }) => void (WRITES.has(kind) && writes.push(kind)) });
  await act();
  ports.hook({});
  return writes;
}

async function renewing(): Promise<void> {
  await service.call('POST', `groups/${issuer.groupId}/renewals`);
}

const SCENARIOS: Record<string, { writes: PortCall['kind'][]; prepare: () => Promise<Scenario> }> = {
  joining: {
    writes: ['store.write', 'store.write'],
    prepare: async () => {
      const machine = await ProtocolMachine.make(service, issuer.groupId);
      const token = await service.enroll(issuer.groupId);
      return { groupId: issuer.groupId, act: () => machine.join(token) };
    },
  },
  'handing in the first key': {
    writes: ['vault.put', 'store.write'],
    prepare: async () => {
      const { id: groupId } = await service.newGroup();
      const first = await ProtocolMachine.make(service, groupId);
      const body = await first.newKey(actionOf(await first.join(await service.enroll(groupId)), 'issueKey'));
      return { groupId, act: () => first.issue(body) };
    },
  },
  'the check-in that opens the window and takes the lease': {
    writes: ['store.write', 'store.write'],
    prepare: async () => {
      service.clock.set((await service.group(issuer.groupId)).nextRenewalDate as Instant);
      return { groupId: issuer.groupId, act: () => second.checkIn() };
    },
  },
  'handing in the next key': {
    writes: ['vault.put', 'store.write'],
    prepare: async () => {
      await renewing();
      const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
      return { groupId: issuer.groupId, act: () => issuer.issue(body) };
    },
  },
  'proving the next key': {
    writes: ['store.write'],
    prepare: async () => {
      await renewing();
      await issuer.follow(await issuer.checkIn());
      const action = actionOf(await second.checkIn(), 'fetchKey');
      await second.open(action);
      return {
        groupId: issuer.groupId,
        act: () => second.prove(action),
        refusedAgain: 'ChallengeUnknown',
        afterwards: () => second.checkIn(),
      };
    },
  },
  'setting the password': {
    writes: ['store.write'],
    prepare: async () => {
      const body = await second.passwordChange(1, 2, 'another good password');
      return { groupId: issuer.groupId, act: () => second.setPassword(1, body) };
    },
  },
  'leaving the group': {
    writes: ['store.write'],
    prepare: async () => ({
      groupId: issuer.groupId,
      act: () => second.call('POST', `${second.path}/leave`),
      refusedAgain: 'MachineRemoved',
    }),
  },
  'opening a window': {
    writes: ['store.write'],
    prepare: async () => ({
      groupId: issuer.groupId,
      act: () => service.call('POST', `groups/${issuer.groupId}/renewals`),
      refusedAgain: 'RenewalInProgress',
    }),
  },
  'changing the policy': {
    writes: ['store.write'],
    prepare: async () => ({
      groupId: issuer.groupId,
      act: () => service.call('PATCH', `groups/${issuer.groupId}`, { groupKeyValidityPeriod: 200_000 }),
    }),
  },
  'deleting the group': {
    writes: ['store.write'],
    prepare: async () => ({
      groupId: issuer.groupId,
      act: () => service.call('DELETE', `groups/${issuer.groupId}`),
      refusedAgain: 'GroupDeleted',
    }),
  },
};

describe.for(Object.entries(SCENARIOS))('%s', ([, { writes, prepare }]) => {
  let scenario: Scenario;
  let beginning: GroupSnapshot;
  let first: Answer;
  let expected: object;
  test('without a fault', async () => {
    service.clock.set(START);
    await active.restore();
    scenario = await prepare();
    beginning = await snapshotOf(service, scenario.groupId);
    ports.restFeeds(true);
    expect(await writesOf(async () => (first = await scenario.act()))).toEqual(writes);
    expect(first.status).toBeLessThan(300);
    await scenario.afterwards?.();
    ports.restFeeds(false);
    expected = await normalizedGroup(service, scenario.groupId);
  });

  const faults = writes.flatMap((kind, index) => [
    { number: index + 1, kind, point: 'before' as const, what: 'and nothing is written' },
    { number: index + 1, kind, point: 'after' as const, what: 'though all is written' },
  ]);
  test.for(faults)('write $number, $kind, fails $what', async ({ number, kind, point }) => {
    await beginning.restore();
    const fault = failingAt(number);
    ports.hook({ [point]: fault.hook });
    ports.restFeeds(true);
    const failed = await scenario.act();
    ports.hook({});
    expect(fault.fired()?.kind).toBe(kind);
    expect(failed).toMatchObject({
      status: 503,
      code: kind === 'vault.put' ? 'VaultUnavailable' : 'StoreUnavailable',
    });
    expect(Number(failed.headers.get('retry-after'))).toBeGreaterThan(0);

    const again = await scenario.act();
    const isRefused = point === 'after' && kind === 'store.write' && number === writes.length;
    const code = isRefused ? scenario.refusedAgain : undefined;
    expect(again).toMatchObject({ status: code ? PROBLEMS[code][0] : first.status, code });
    await scenario.afterwards?.();
    ports.restFeeds(false);
    expect(await normalizedGroup(service, scenario.groupId)).toEqual(expected);
  });
});

test('a store that asks for time is passed on as 503 with the time that it asked for', async () => {
  ports.hook({
    before: () => {
      throw new StoreThrottled(7);
    },
  });
  const answer = await service.call('GET', 'groups');
  ports.hook({});
  expect(answer).toMatchObject({ status: 503, code: 'Overloaded' });
  expect(answer.headers.get('retry-after')).toBe('7');
});

describe('a scan', () => {
  test.for(['before', 'after'] as const)(
    'whose write fails %s it is done leaves it to the next',
    async (point) => {
      service.clock.set(START);
      await active.restore();
      service.clock.set((await service.group(issuer.groupId)).nextRenewalDate as Instant);
      ports.hook({ [point]: failingAt(1).hook });
      await service.host.invokeTimer('renewal-scan');
      ports.hook({});
      expect(service.logs.filter((line) => line.startsWith('error renewal-scan')).length).toBeGreaterThan(0);
      await service.scanAt(service.clock.now());
      const { documents } = await normalizedGroup(service, issuer.groupId);
      const opened = documents.filter((document) => 'kind' in document && document.kind === 'WindowOpened');
      expect(opened).toHaveLength(1);
      expect(await service.group(issuer.groupId)).toMatchObject({
        status: 'Renewing',
        machinesByStatus: { Default: 0, PendingNewKey: 2, KeyExpired: 0 },
      });
    },
  );

  test('that fails for one group brings the others forward', async () => {
    service.clock.set(START);
    await active.restore();
    const { id } = await service.newGroup(SHORT);
    await joined(service, id);
    service.clock.set((await service.group(id)).nextRenewalDate as Instant);
    ports.hook({
      before: (call) => {
        if (call.kind === 'store.read' && call.groupId === issuer.groupId) throw unavailable(call);
      },
    });
    await service.host.invokeTimer('renewal-scan');
    ports.hook({});
    expect(await service.group(id)).toMatchObject({ status: 'Renewing' });
    await service.scanAt(service.clock.now());
    expect(await service.group(issuer.groupId)).toMatchObject({ status: 'Renewing' });
  });
});
