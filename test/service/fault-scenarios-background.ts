// What nobody calls for: transitions that the scan makes, jobs, and what the feeds cause.
import { addMinutes } from '../../shared/domain/instant.ts';
import { SERVICE_PARTITION } from '../../shared/domain/fleet-metrics.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import type { FaultScenario, FaultWorld } from './fault-pairs.ts';
import { cloned, joined } from './protocol-machine.ts';

/** After that the scan takes up a job that nobody carries on. */
const JOB_STALLED_MINUTES = 10;

function scan({ service }: FaultWorld): Promise<void> {
  return service.host.invokeTimer('renewal-scan');
}

/** Lets the feeds show what they have to show, until they come to rest. */
async function feed({ ports, service }: FaultWorld): Promise<void> {
  ports.restFeeds(false);
  await service.host.drainFeeds();
  ports.restFeeds(true);
}

/** Whatever was put off is handled. */
async function retry({ service }: FaultWorld): Promise<void> {
  service.clock.advanceMinutes(1);
  await service.deliverRetries();
}

function openWindow({ service, issuer }: FaultWorld): Promise<unknown> {
  return service.call('POST', `groups/${issuer.groupId}/renewals`);
}

/** The jobs that are there are due for the scan from then on. */
function stall({ service }: FaultWorld): void {
  service.clock.set(addMinutes(service.clock.now(), JOB_STALLED_MINUTES));
}

/** A window with a new key that the issuer alone has proved, at the moment of its end. */
async function toWindowEnd(world: FaultWorld): Promise<void> {
  const { service, issuer } = world;
  await openWindow(world);
  await issuer.follow(await issuer.checkIn());
  service.clock.set((await service.group(issuer.groupId)).renewal?.endsOn as Instant);
}

const TRANSITIONS: Readonly<Record<string, FaultScenario>> = {
  'the scan that opens a window': {
    writes: ['store.write'],
    prepare: async (world) => {
      const { service, issuer } = world;
      service.clock.set((await service.group(issuer.groupId)).nextRenewalDate as Instant);
      return { groupId: issuer.groupId, act: () => scan(world) };
    },
  },
  'the scan that ends a window': {
    writes: ['store.write'],
    prepare: async (world) => {
      await toWindowEnd(world);
      return { groupId: world.issuer.groupId, act: () => scan(world) };
    },
  },
  'the scan that finds a group expired': {
    writes: ['store.write'],
    prepare: async (world) => {
      const { service, issuer } = world;
      await openWindow(world);
      service.clock.set((await service.group(issuer.groupId)).keyExpiryDate as Instant);
      return { groupId: issuer.groupId, act: () => scan(world) };
    },
  },
};

const JOBS: Readonly<Record<string, FaultScenario>> = {
  'a fan-out over two pages of machines': {
    writes: Array.from({ length: 6 }, () => 'store.write' as const),
    prepare: async (world) => {
      await cloned(world.issuer, 220);
      world.ports.restFeeds(true);
      await openWindow(world);
      stall(world);
      return { groupId: world.issuer.groupId, act: () => scan(world) };
    },
  },
  'what a window’s end leaves to do: a package, then statuses': {
    writes: ['vault.delete', 'store.write', 'store.write', 'store.write'],
    prepare: async (world) => {
      await toWindowEnd(world);
      world.ports.restFeeds(true);
      await scan(world);
      stall(world);
      return { groupId: world.issuer.groupId, act: () => scan(world) };
    },
  },
  'what a group’s deletion leaves to do, in four pieces': {
    of: /^(clean-up|jobs)\.ts/,
    writes: [
      ...(['store.write', 'store.write', 'store.write', 'store.write', 'store.write'] as const),
      ...(['store.write', 'vault.delete', 'store.write'] as const),
    ],
    prepare: async (world) => {
      const { ports, service, issuer } = world;
      ports.restFeeds(true);
      await service.call('DELETE', `groups/${issuer.groupId}`);
      return {
        groupId: issuer.groupId,
        // What the feed leaves lying the scan takes up; the feed carries it on, and the scan ends it.
        act: async () => {
          stall(world);
          await scan(world);
          await feed(world);
          stall(world);
          await scan(world);
        },
      };
    },
  },
};

const NOTIFICATIONS: Readonly<Record<string, FaultScenario>> = {
  'the notification of a change of status': {
    of: /^events\.ts/,
    writes: ['store.write'],
    prepare: async (world) => {
      const { id: groupId } = await world.service.newGroup();
      world.ports.restFeeds(true);
      await joined(world.service, groupId);
      return { groupId, act: () => feed(world), afterwards: () => retry(world) };
    },
  },
  'a change that the store is too busy for, and that is put off': {
    of: /^change-handling\.ts/,
    writes: ['queue.send'],
    prepare: async (world) => {
      const { id: groupId } = await world.service.newGroup();
      world.ports.restFeeds(true);
      await joined(world.service, groupId);
      return {
        groupId,
        othersFail: new StoreThrottled(7),
        act: () => feed(world),
        afterwards: () => retry(world),
      };
    },
  },
};

const FLEET_METRICS: Readonly<Record<string, FaultScenario>> = {
  'the timer that takes the fleet’s metrics': {
    of: /^fleet-metrics\.ts/,
    writes: ['store.write'],
    prepare: async (world) => {
      world.ports.restFeeds(true);
      const { host, logs } = world.service;
      return {
        groupId: SERVICE_PARTITION,
        act: async () => {
          await host
            .invokeTimer('fleet-metrics')
            .catch((error: unknown) => void logs.push(`error host: ${String(error)}`));
          await feed(world);
        },
      };
    },
  },
  'what the consumers of the feed write down when the metrics come by': {
    of: /^feed-pulse\.ts/,
    writes: ['store.write', 'store.write'],
    prepare: async (world) => {
      world.service.clock.advanceMinutes(5);
      world.ports.restFeeds(true);
      await world.service.host.invokeTimer('fleet-metrics');
      return {
        groupId: SERVICE_PARTITION,
        act: async () => {
          await feed(world);
          await retry(world);
        },
      };
    },
  },
};

export const BACKGROUND_SCENARIOS: Readonly<Record<string, FaultScenario>> = {
  ...TRANSITIONS,
  ...JOBS,
  ...NOTIFICATIONS,
  ...FLEET_METRICS,
};
