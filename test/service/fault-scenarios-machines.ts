// What machines do: join, check in, issue, prove, set the password, leave.
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { FaultScenario, FaultWorld } from './fault-pairs.ts';
import { snapshotOf } from './group-snapshot.ts';
import { ProtocolMachine, actionOf } from './protocol-machine.ts';

async function openWindow({ service, issuer }: FaultWorld): Promise<void> {
  await service.call('POST', `groups/${issuer.groupId}/renewals`);
}

/** Opens a window, in which the issuer hands in the next key. */
async function renew(world: FaultWorld): Promise<void> {
  await openWindow(world);
  await world.issuer.follow(await world.issuer.checkIn());
}

const JOINING: Readonly<Record<string, FaultScenario>> = {
  joining: {
    writes: ['store.write', 'store.write'],
    prepare: async ({ service, issuer: { groupId } }) => {
      const machine = await ProtocolMachine.make(service, groupId);
      const token = await service.enroll(groupId);
      return { groupId, act: () => machine.join(token) };
    },
  },
  'joining again with another token': {
    writes: ['store.write', 'store.write'],
    prepare: async ({ service, issuer: { groupId } }) => {
      const machine = await ProtocolMachine.make(service, groupId);
      await machine.join(await service.enroll(groupId));
      const token = await service.enroll(groupId);
      return { groupId, act: () => machine.join(token) };
    },
  },
  'proving the key as one who joins': {
    writes: ['store.write'],
    prepare: async ({ service, issuer: { groupId } }) => {
      const machine = await ProtocolMachine.make(service, groupId);
      const action = actionOf(await machine.join(await service.enroll(groupId)), 'fetchKey');
      await machine.open(action);
      return {
        groupId,
        act: () => machine.prove(action),
        refusedAgain: 'ChallengeUnknown',
        afterwards: () => machine.checkIn(),
      };
    },
  },
  'leaving the group': {
    writes: ['store.write'],
    prepare: async ({ second }) => ({
      groupId: second.groupId,
      act: () => second.call('POST', `${second.path}/leave`),
      refusedAgain: 'MachineRemoved',
    }),
  },
};

const CHECK_INS: Readonly<Record<string, FaultScenario>> = {
  'a check-in that writes the heartbeat': {
    writes: ['store.write'],
    prepare: async ({ service, second }) => {
      service.clock.set(addSeconds(service.clock.now(), 4 * 3600));
      return { groupId: second.groupId, act: () => second.checkIn() };
    },
  },
  'a check-in with another agent version': {
    writes: ['store.write'],
    prepare: async ({ second }) => ({
      groupId: second.groupId,
      act: () => second.checkIn({ agentVersion: '3.0.1' }),
    }),
  },
  'the check-in that takes the lease': {
    writes: ['store.write'],
    prepare: async (world) => {
      await openWindow(world);
      return { groupId: world.issuer.groupId, act: () => world.issuer.checkIn() };
    },
  },
  'the check-in that opens the window and takes the lease': {
    writes: ['store.write', 'store.write'],
    prepare: async ({ service, second }) => {
      service.clock.set((await service.group(second.groupId)).nextRenewalDate as Instant);
      return { groupId: second.groupId, act: () => second.checkIn() };
    },
  },
  'a check-in before the fan-out has come to its machine': {
    writes: ['store.write'],
    prepare: async (world) => {
      world.ports.restFeeds(true);
      await openWindow(world);
      await world.issuer.checkIn();
      return { groupId: world.issuer.groupId, act: () => world.second.checkIn() };
    },
  },
  'the check-in that is given a challenge': {
    writes: ['store.write'],
    prepare: async (world) => {
      await renew(world);
      return { groupId: world.issuer.groupId, act: () => world.second.checkIn() };
    },
  },
  'a check-in with the password': {
    writes: ['store.write'],
    prepare: async ({ second }) => ({
      groupId: second.groupId,
      act: () => second.checkIn({ rejoin: true }),
    }),
  },
};

const KEYS: Readonly<Record<string, FaultScenario>> = {
  'handing in the first key': {
    writes: ['vault.put', 'store.write'],
    prepare: async ({ service }) => {
      const { id: groupId } = await service.newGroup();
      const first = await ProtocolMachine.make(service, groupId);
      const body = await first.newKey(actionOf(await first.join(await service.enroll(groupId)), 'issueKey'));
      return { groupId, act: () => first.issue(body) };
    },
  },
  'handing in the next key': {
    writes: ['vault.put', 'store.write'],
    prepare: async (world) => {
      const { issuer } = world;
      await openWindow(world);
      const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
      return { groupId: issuer.groupId, act: () => issuer.issue(body) };
    },
  },
  'handing in a key while another machine’s is taken': {
    writes: ['vault.put', 'vault.delete'],
    prepare: async (world) => {
      const { service, issuer, second } = world;
      const { groupId } = issuer;
      await openWindow(world);
      const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
      const leased = await snapshotOf(service, groupId);
      const now = service.clock.now();
      service.clock.set(addMinutes(now, 10));
      await second.follow(await second.checkIn());
      const taken = await snapshotOf(service, groupId);
      const { renewal } = await service.group(groupId);
      service.clock.set(now);
      await leased.restore();
      return {
        groupId,
        act: () => issuer.issue(body),
        refused: 'KeyAlreadyIssued',
        meanwhile: () => taken.restoreDocuments(),
        // What could not be deleted at once is deleted then.
        afterwards: async () => {
          world.ports.restFeeds(false);
          await service.scanAt(renewal?.endsOn as Instant);
        },
      };
    },
  },
  'handing in a key while the group is deleted and cleaned up': {
    of: /^key-issuing\.ts/,
    writes: ['vault.put', 'vault.delete'],
    prepare: async (world) => {
      const { ports, service, issuer } = world;
      const { groupId } = issuer;
      await openWindow(world);
      const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
      const later = addMinutes(service.clock.now(), 10);
      return {
        groupId,
        act: () => issuer.issue(body),
        refused: 'GroupDeleted',
        meanwhile: async () => {
          ports.restFeeds(false);
          await service.call('DELETE', `groups/${groupId}`);
          await service.host.drainFeeds();
          ports.restFeeds(true);
        },
        afterwards: () => service.scanAt(later),
      };
    },
  },
  'proving the next key': {
    writes: ['store.write'],
    prepare: async (world) => {
      const { second } = world;
      await renew(world);
      const action = actionOf(await second.checkIn(), 'fetchKey');
      await second.open(action);
      return {
        groupId: second.groupId,
        act: () => second.prove(action),
        refusedAgain: 'ChallengeUnknown',
        afterwards: () => second.checkIn(),
      };
    },
  },
  'setting the password': {
    writes: ['store.write'],
    prepare: async ({ second }) => {
      const body = await second.passwordChange(1, 2, 'another good password');
      return { groupId: second.groupId, act: () => second.setPassword(1, body) };
    },
  },
};

export const MACHINE_SCENARIOS: Readonly<Record<string, FaultScenario>> = {
  ...JOINING,
  ...CHECK_INS,
  ...KEYS,
};
