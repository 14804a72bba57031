// Health says whether renewals can happen: store, vault, queue, scan and change feed.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Health } from '../../shared/api/event.ts';
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import { health as lookAtHealth } from '../../shared/services/health.ts';
import type { System } from '../../shared/services/system.ts';
import type { PortCall } from './hooked-ports.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import { joined } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { START, startService } from './running-service.ts';
import { VERSION } from '../../shared/version.ts';

const ports = hookedPorts();
let service: RunningService;
beforeAll(async () => {
  service = await startService(ports.parts);
});
beforeEach(() => ports.hook({}));
afterAll(() => service.stop());

function health(): Promise<Answer<Health>> {
  return service.call<Health>('GET', 'health', undefined, null);
}

async function failing(): Promise<{ status: number; names: string[] }> {
  const { status, body } = await health();
  const names = body.checks.filter((check) => check.status === 'failing').map(({ name }) => name);
  expect(body.status).toBe(names.length === 0 ? 'ok' : 'failing');
  return { status, names };
}

test('it is ok, for anyone to see, with version and time', async () => {
  const answer = await health();
  expect(answer).toMatchObject({ status: 200, body: { status: 'ok', version: VERSION, time: START } });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.body.checks.map(({ name }) => name)).toEqual([
    'renewalScan',
    'packageVault',
    'workQueue',
    'changeFeed',
  ]);
});

test.for<[string, (call: PortCall) => boolean, string[]]>([
  ['the store', ({ kind }) => kind.startsWith('store.'), ['renewalScan', 'changeFeed']],
  ['the vault', ({ kind }) => kind.startsWith('vault.'), ['packageVault']],
  ['the queue', ({ kind }) => kind.startsWith('queue.'), ['workQueue']],
  ['all of them', () => true, ['renewalScan', 'packageVault', 'workQueue', 'changeFeed']],
])('it fails with 503 while %s cannot be reached, and is ok again after', async ([, isHit, names]) => {
  ports.hook({
    before: (call) => {
      if (isHit(call)) throw unavailable(call);
    },
  });
  expect(await failing()).toEqual({ status: 503, names });
  ports.hook({});
  expect(await failing()).toEqual({ status: 200, names: [] });
});

test('it fails while the store is overloaded', async () => {
  ports.hook({
    before: ({ kind }) => {
      if (kind === 'store.query') throw new StoreThrottled(1);
    },
  });
  expect(await failing()).toEqual({ status: 503, names: ['renewalScan'] });
});

test('it fails when a window has waited for more than 15 minutes to open, or to end, until the scan has run', async () => {
  const { id } = await service.newGroup({
    groupKeyValidityPeriod: 129_600,
    groupKeyExpiryGracePeriod: 64_800,
  });
  const machine = await joined(service, id);
  const opensOn = (await service.group(id)).nextRenewalDate as Instant;
  await expectLateAfter(opensOn);
  await service.scanAt(service.clock.now());
  expect(await failing()).toEqual({ status: 200, names: [] });

  await machine.follow(await machine.checkIn());
  const { endsOn } = (await service.group(id)).renewal ?? {};
  await expectLateAfter(endsOn as Instant);
  await service.scanAt(service.clock.now());
  expect(await failing()).toEqual({ status: 200, names: [] });
});

test('a group that expires without a key is no failure of the service', async () => {
  const { id } = await service.newGroup({
    groupKeyValidityPeriod: 129_600,
    groupKeyExpiryGracePeriod: 64_800,
  });
  await joined(service, id);
  await service.scanAt((await service.group(id)).nextRenewalDate as Instant);
  service.clock.advanceMinutes(60);
  expect(await failing()).toEqual({ status: 200, names: [] });
  await service.scanAt((await service.group(id)).keyExpiryDate as Instant);
  expect(await service.group(id)).toMatchObject({ status: 'KeyExpired' });
  service.clock.advanceMinutes(60);
  expect(await failing()).toEqual({ status: 200, names: [] });
});

async function expectLateAfter(due: Instant): Promise<void> {
  service.clock.set(addMinutes(due, 15));
  expect(await failing()).toEqual({ status: 200, names: [] });
  service.clock.set(addSeconds(addMinutes(due, 15), 1));
  expect(await failing()).toEqual({ status: 503, names: ['renewalScan'] });
}

test('one look answers all who ask within some seconds of it, and no one after', async () => {
  const { system } = service;
  let now = START;
  let looks = 0;
  const watched: System = {
    ...system,
    clock: { ...system.clock, now: () => now },
    settings: { ...system.settings, healthSeconds: 5 },
    vault: {
      ...system.vault,
      probe: async () => {
        looks += 1;
        await system.vault.probe();
      },
    },
  };
  const answers = await Promise.all(Array.from({ length: 100 }, () => lookAtHealth(watched)));
  expect(new Set(answers).size).toBe(1);
  now = addSeconds(START, 4);
  await lookAtHealth(watched);
  expect(looks).toBe(1);
  now = addSeconds(START, 5);
  await lookAtHealth(watched);
  expect(looks).toBe(2);
  // A clock that is set back keeps no old answer alive.
  now = addSeconds(START, 4);
  await lookAtHealth(watched);
  expect(looks).toBe(3);
});
