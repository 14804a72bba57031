// Faults in pairs at every write of every service; and what callers are told, and others spared, when a port fails.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instant } from '../../shared/domain/instant.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import type { FaultWorld } from './fault-pairs.ts';
import { FaultTrial, pairsOf } from './fault-pairs.ts';
import { BACKGROUND_SCENARIOS } from './fault-scenarios-background.ts';
import { MACHINE_SCENARIOS } from './fault-scenarios-machines.ts';
import { PEOPLE_SCENARIOS } from './fault-scenarios-people.ts';
import { FaultySites, writesInSources } from './fault-sites.ts';
import { snapshotOf } from './group-snapshot.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import { cloned, joined } from './protocol-machine.ts';
import { START, startService } from './running-service.ts';

/** Its window opens before the test host's own scan, once a year, is due. */
const SHORT = { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 64_800 };

let world: FaultWorld;
beforeAll(async () => {
  const ports = hookedPorts();
  const service = await startService(ports.parts);
  const issuer = await joined(service, (await service.newGroup(SHORT)).id);
  const [second = issuer] = await cloned(issuer, 1);
  const active = await snapshotOf(service, issuer.groupId);
  world = { ports, service, issuer, second, active };
});
afterAll(() => world.service.stop());

const sites = new FaultySites();
const SCENARIOS = { ...PEOPLE_SCENARIOS, ...MACHINE_SCENARIOS, ...BACKGROUND_SCENARIOS };

describe.for(Object.entries(SCENARIOS))('%s', ([, scenario]) => {
  const trial = new FaultTrial(scenario, sites);

  test('without a fault', async () => {
    const { writes, code, refused } = await trial.withoutFault(world);
    expect(writes).toEqual(scenario.writes);
    expect(code).toBe(refused);
  });

  test.for(pairsOf(scenario.writes))('write $number, $kind, fails $what', async (fault) => {
    expect(await trial.withFault(fault)).toEqual(trial.expected(fault));
  });
});

test('every write in the sources of the services has had both faults', () => {
  expect(sites.paired.toSorted()).toEqual(writesInSources().toSorted());
});

test('a store that asks for time is passed on as 503 with the time that it asked for', async () => {
  const { ports, service } = world;
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
  test('that fails for one group brings the others forward', async () => {
    const { ports, service, issuer, active } = world;
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
