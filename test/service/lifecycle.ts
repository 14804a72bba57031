// What every service does for a group, whatever keeps its documents.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instant } from '../../shared/domain/instant.ts';
import { actionOf, joined } from './protocol-machine.ts';
import { startService } from './running-service.ts';
import type { RunningService, TestSystem } from './running-service.ts';

export function describeLifecycle(name: string, parts: () => Promise<Partial<TestSystem>>): void {
  describe(`the service over ${name}`, () => {
    let service: RunningService;
    beforeAll(async () => {
      service = await startService(await parts());
    });
    afterAll(() => service.stop());

    it('sees a group from its first key through a window to its second', async () => {
      const { id } = await service.newGroup();
      const first = await joined(service, id, 'first');
      const second = await joined(service, id, 'second');
      const active = await service.group(id);
      expect(active).toMatchObject({ status: 'Active', machineCount: 2, passwordStale: false });
      expect(active.machinesByStatus).toEqual({ Default: 2, PendingNewKey: 0, KeyExpired: 0 });

      await service.scanAt(active.nextRenewalDate as Instant);
      expect(await service.group(id)).toMatchObject({
        status: 'Renewing',
        renewal: {
          version: 2,
          reason: 'KeyNearsExpiry',
          keyIssuedOn: null,
          machinesPending: 2,
          machinesDelivered: 0,
        },
      });

      const issuing = await first.checkIn();
      actionOf(issuing, 'issueKey');
      expect((await second.checkIn()).body.actions).toEqual([{ action: 'wait' }]);
      await first.follow(issuing);
      const fetching = await second.checkIn();
      expect(actionOf(fetching, 'fetchKey')).toMatchObject({ version: 2, opensWith: 'outgoingKey' });
      expect((await second.follow(fetching)).body.keyDeliveryStatus).toBe('Default');
      const renewing = await service.group(id);
      expect(renewing).toMatchObject({
        passwordStale: true,
        renewal: { machinesPending: 0, machinesDelivered: 2 },
      });

      await service.scanAt(renewing.renewal?.endsOn as Instant);
      const after = await service.group(id);
      expect(after).toMatchObject({
        status: 'Active',
        renewal: null,
        secondaryKey: null,
        primaryKey: { version: 2 },
      });
      const retiring = await first.checkIn();
      expect(actionOf(retiring, 'retireKey').version).toBe(1);
      expect((await service.system.vault.list(id)).map(({ version }) => version)).toEqual([2]);
      const steady = await first.follow(retiring);
      expect(steady.body).toMatchObject({ policy: 'UpToDate', actions: [{ action: 'wait' }] });
    });
  });
}
