// Many real agents that come at the very instant at which the window opens: one key, and everybody has it in the end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { crowdOf, groupOf } from '../service/real-agent.ts';
import type { RealAgent } from '../service/real-agent.ts';
import { startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

test.each([2, 50])(
  '%d machines that check in as the window opens, before any scan, make one key',
  async (count) => {
    const { groupId, agents } = await groupOf(service, ['bot-1']);
    const [first] = agents as [RealAgent];
    const all = [first, ...(await crowdOf(first, count - 1))];
    service.clock.set((await service.group(groupId)).nextRenewalDate as Instant);

    const answers: CheckInAnswer[] = await Promise.all(all.map((agent) => agent.checkIn()));
    const issued = all.filter(({ events }) =>
      events.some(({ event, version }) => event === 'keyIssued' && version === 2),
    );
    expect(issued).toHaveLength(1);
    expect(answers.some(({ keyVersion }) => keyVersion === 2)).toBe(true);
    await Promise.all(all.map((agent) => agent.checkIn()));
    await service.host.drainFeeds();

    const group = await service.group(groupId);
    expect(group).toMatchObject({
      status: 'Renewing',
      primaryKey: { version: 2 },
      secondaryKey: { version: 1 },
    });
    expect(group.machinesByStatus).toEqual({ Default: count, PendingNewKey: 0, KeyExpired: 0 });
    expect(await service.system.vault.list(groupId)).toHaveLength(2);
    const thumbprints = await Promise.all(
      all.map(async (agent) => (await agent.records.heldKeys())[0]?.thumbprint),
    );
    expect(new Set(thumbprints)).toEqual(new Set([group.primaryKey?.thumbprint]));
  },
);
