// What people do to groups, enrollment tokens and machines.
import { randomUUID } from 'node:crypto';
import type { FaultScenario } from './fault-pairs.ts';

export const PEOPLE_SCENARIOS: Readonly<Record<string, FaultScenario>> = {
  'creating a group': {
    writes: ['store.write'],
    prepare: async ({ service }) => {
      const id = randomUUID();
      return {
        groupId: id,
        act: () => service.call('POST', 'groups', { id, name: 'Line 2' }),
        refusedAgain: 'IdTaken',
      };
    },
  },
  'making an enrollment token': {
    writes: ['store.write'],
    prepare: async ({ service, issuer: { groupId } }) => {
      const id = randomUUID();
      return {
        groupId,
        act: () => service.call('POST', `groups/${groupId}/enrollment-tokens`, { id }),
        refusedAgain: 'IdTaken',
      };
    },
  },
  'opening a window': {
    writes: ['store.write'],
    prepare: async ({ service, issuer: { groupId } }) => ({
      groupId,
      act: () => service.call('POST', `groups/${groupId}/renewals`),
      refusedAgain: 'RenewalInProgress',
    }),
  },
  'changing the policy': {
    writes: ['store.write'],
    prepare: async ({ service, issuer: { groupId } }) => ({
      groupId,
      act: () => service.call('PATCH', `groups/${groupId}`, { groupKeyValidityPeriod: 300_000 }),
    }),
  },
  'deleting the group': {
    writes: ['store.write'],
    prepare: async ({ service, issuer: { groupId } }) => ({
      groupId,
      act: () => service.call('DELETE', `groups/${groupId}`),
      refusedAgain: 'GroupDeleted',
    }),
  },
  'revoking an enrollment token': {
    writes: ['store.write'],
    prepare: async ({ service, issuer: { groupId } }) => {
      const path = `groups/${groupId}/enrollment-tokens`;
      const { body } = await service.call<{ id: string }>('POST', path, {});
      return {
        groupId,
        act: () => service.call('DELETE', `${path}/${body.id}`),
        refusedAgain: 'EnrollmentTokenNotFound',
      };
    },
  },
  'removing a machine': {
    writes: ['store.write'],
    prepare: async ({ service, second }) => ({
      groupId: second.groupId,
      act: () => service.call('DELETE', second.path),
      refusedAgain: 'MachineNotFound',
    }),
  },
  'having dead letters tried anew': {
    writes: ['queue.redrive'],
    prepare: async ({ service, issuer: { groupId } }) => ({
      groupId,
      act: () => service.call('POST', 'dead-letters/redrive'),
    }),
  },
  'removing the machine that holds the lease': {
    writes: ['store.write'],
    prepare: async ({ service, issuer }) => {
      await service.call('POST', `groups/${issuer.groupId}/renewals`);
      await issuer.checkIn();
      return {
        groupId: issuer.groupId,
        act: () => service.call('DELETE', issuer.path),
        refusedAgain: 'MachineNotFound',
      };
    },
  },
};
