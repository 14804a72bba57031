// Machines whose folder is not what the service thinks: restored from a backup, or cut off at a bad moment.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instant } from '../../shared/domain/instant.ts';
import { PASSWORD } from '../service/protocol-machine.ts';
import { codeOf, groupOf } from '../service/real-agent.ts';
import type { RealAgent } from '../service/real-agent.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

async function openWindow(groupId: string): Promise<void> {
  await service.scanAt((await service.group(groupId)).nextRenewalDate as Instant);
}

async function endWindow(groupId: string): Promise<void> {
  await service.scanAt((await service.group(groupId)).renewal?.endsOn as Instant);
}

describe('a machine whose folder is not what the service thinks', () => {
  test('has lost its key: it is told to rejoin, and comes back by password as the same machine', async () => {
    const { agents } = await groupOf(service, ['one', 'robbed']);
    const [, robbed] = agents as [RealAgent, RealAgent];
    const { id } = await robbed.view();
    await robbed.records.removeHeldKey(1);
    expect(await robbed.checkIn()).toMatchObject({ policy: 'KeyLost', actions: [{ action: 'rejoin' }] });
    expect(await codeOf(robbed.join())).toBe('refused');
    await robbed.rejoin(PASSWORD);
    expect(await robbed.heldVersions()).toEqual([1]);
    expect(await robbed.checkIn()).toMatchObject({ policy: 'UpToDate' });
    expect((await robbed.view()).id).toBe(id);
  });

  test('holds the new key and was cut off before it proved it: it does so after the window, without a password', async () => {
    const { groupId, agents } = await groupOf(service, ['one', 'cut off']);
    const [one, cutOff] = agents as [RealAgent, RealAgent];
    await openWindow(groupId);
    await one.checkIn();
    cutOff.observe = (step) => {
      if (step === 'key-stored') throw new Error('cut off');
    };
    await expect(cutOff.checkIn()).rejects.toThrow('cut off');
    cutOff.observe = () => undefined;
    await endWindow(groupId);
    expect((await cutOff.view()).keyDeliveryStatus).toBe('KeyExpired');
    expect(await cutOff.checkIn()).toMatchObject({ keyDeliveryStatus: 'Default', keyVersion: 2 });
  });
});
