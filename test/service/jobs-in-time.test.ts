// Jobs that would take longer than a function may last: what there is no time for is left, and gone on with from there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { WriteConflict } from '../../shared/ports/document-store.ts';
import { scanRenewals } from '../../shared/services/renewals.ts';
import { hookedPorts } from './hooked-ports.ts';
import { cloned, joined } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';
import { startService } from './running-service.ts';

const MACHINES = 500;
/** Its window opens before the test host's own scan, once a year, is due. */
const SHORT = { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 64_800 };

const ports = hookedPorts();
let service: RunningService;
let groupId: string;
let writes: number;

beforeAll(async () => {
  service = await startService(ports.parts);
  groupId = (await service.newGroup(SHORT)).id;
  await cloned(await joined(service, groupId), MACHINES - 1);
  await service.host.drainFeeds();
  ports.restFeeds(true);
});
afterAll(() => service.stop());

async function pending(): Promise<number | undefined> {
  return (await service.group(groupId)).machinesByStatus['PendingNewKey'];
}

function countWrites(failure: Error | null): void {
  writes = 0;
  ports.hook({
    before: ({ kind }) => {
      if (kind !== 'store.write') return;
      writes += 1;
      if (failure !== null) throw failure;
    },
  });
}

test('A fan-out that meets others until there is no more time stays due', async () => {
  service.clock.set((await service.group(groupId)).nextRenewalDate as Instant);
  await scanRenewals(service.system);
  service.clock.set(addMinutes(service.clock.now(), 10));
  countWrites(new WriteConflict(0, 'version'));
  const { failures } = await scanRenewals(service.system, () => writes === 0);
  expect(failures).toMatchObject([{ groupId, error: { code: 'Contention' } }]);
  // The batches of one page.
  expect(writes).toBe(4);
  expect(await pending()).toBe(0);
});

test('A fan-out that there is no more time for ends its piece at a page, and writes down how far it came', async () => {
  countWrites(null);
  const report = await scanRenewals(service.system, () => writes === 0);
  expect(report).toMatchObject({ jobs: 1, failures: [] });
  expect(await pending()).toBe(200);
  writes = 0;
  service.clock.set(addMinutes(service.clock.now(), 10));
  await scanRenewals(service.system);
  expect(await pending()).toBe(MACHINES);
  // Of the 300 that were left, and the job's.
  expect(writes).toBe(6 + 1);
});
