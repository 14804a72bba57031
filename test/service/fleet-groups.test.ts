// However many groups there are, the fleet's figures cost a bounded number of calls, and say when they leave groups out.
import { beforeEach, expect, test } from 'vitest';
import type { Group } from '../../shared/domain/group.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { takeFleetMetrics } from '../../shared/services/fleet-metrics.ts';
import type { System } from '../../shared/services/system.ts';
import { EXPIRES, machine, phases } from '../domain/fixtures.ts';
import { hookedPorts } from './hooked-ports.ts';
import { newTestSystem } from './running-service.ts';

let ports: ReturnType<typeof hookedPorts>;
let system: System;
beforeEach(() => {
  ports = hookedPorts();
  ports.parts.clock.set(addMinutes(EXPIRES, -1440));
  system = newTestSystem(ports.parts);
});

async function keep(template: Group, count: number, expiry: (index: number) => Instant): Promise<void> {
  for (let index = 0; index < count; index++) {
    const groupId = crypto.randomUUID();
    const group: Group = { ...template, groupId, keyExpiryDate: expiry(index) };
    await system.store.write(groupId, [{ kind: 'create', document: group }]);
  }
}

async function keepPendingMachines(): Promise<void> {
  const { items } = await system.store.query<Group>({ type: 'group', limit: 1000 });
  for (const { document } of items) {
    const pending = machine({ groupId: document.groupId, keyDeliveryStatus: 'PendingNewKey' });
    await system.store.write(document.groupId, [{ kind: 'create', document: pending }]);
  }
}

test('the machines of windows that end soon are counted sixteen groups at once', async () => {
  await keep(phases.open, 50, () => EXPIRES);
  await keepPendingMachines();
  let atOnce = 0;
  let most = 0;
  ports.hook({
    before: async ({ kind }) => {
      if (kind !== 'store.countBy') return;
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce--;
    },
  });
  expect(await takeFleetMetrics(system, () => true)).toMatchObject({
    complete: true,
    windowsEndingSoon: 50,
    machinesAtRisk: 50,
  });
  expect(most).toBe(16);
});

test('when time is up, what was found until then is told, and that it is not all', async () => {
  await keep(phases.open, 50, () => EXPIRES);
  await keepPendingMachines();
  let rounds = 0;
  expect(await takeFleetMetrics(system, () => ++rounds < 2)).toMatchObject({
    complete: false,
    windowsOpen: 50,
    windowsEndingSoon: 50,
    machinesAtRisk: 32,
    nearestExpiryDate: EXPIRES,
  });
});

test('of very many windows the first page is looked at in any case, and all are counted', async () => {
  await keep(phases.open, 1001, () => EXPIRES);
  expect(await takeFleetMetrics(system, () => false)).toMatchObject({
    complete: false,
    windowsOpen: 1001,
    windowsEndingSoon: 1000,
    windowsKeyOverdue: 1000,
  });
  expect(await takeFleetMetrics(system, () => true)).toMatchObject({
    complete: true,
    windowsEndingSoon: 1001,
  });
});

test('of very many groups whose windows open at one time, twenty pages are read', async () => {
  const late = addMinutes(EXPIRES, 1_000_000);
  await keep(phases.active, 20_001, () => late);
  let pages = 0;
  ports.hook({
    before: (call) => {
      if (call.kind === 'store.query' && call.query.where?.[0]?.value === 'Active') pages++;
    },
  });
  expect(await takeFleetMetrics(system, () => true)).toMatchObject({
    complete: false,
    nearestExpiryDate: late,
  });
  expect(pages).toBe(20);
}, 60_000);
