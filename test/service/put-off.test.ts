// Changes that cannot be handled: put off by themselves, so that nothing else waits for them, tried again, and dead letters
// in the end, which people have tried anew.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FleetEvent } from '../../shared/domain/event.ts';
import { StoreThrottled, StoreUnavailable } from '../../shared/ports/document-store.ts';
import { VaultUnavailable } from '../../shared/ports/package-vault.ts';
import { handleChanges } from '../../shared/services/change-handling.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import type { PortCall } from './hooked-ports.ts';
import type { RunningService } from './running-service.ts';
import { START, startService } from './running-service.ts';
import { ids, isNotificationOf, newEvents, notifiedOf } from './status-events.ts';

const ports = hookedPorts();
let service: RunningService;
let sent: { message: unknown; afterSeconds: number }[];

beforeAll(async () => {
  service = await startService(ports.parts);
});
beforeEach(async () => {
  ports.restFeeds(false);
  service.clock.set(START);
  sent = [];
  fail(() => null);
});
afterAll(() => service.stop());

/** Calls of the ports fail with what `why` answers before they have happened; what is sent is noted. */
function fail(why: (call: PortCall) => Error | null): void {
  ports.hook({
    before: (call) => {
      const error = why(call);
      if (error !== null) throw error;
    },
    after: (call) => {
      if (call.kind === 'queue.send') sent.push({ message: call.message, afterSeconds: call.afterSeconds });
    },
  });
}

/** A defect: notifications of these machines cannot be written. */
function poison(...machineIds: readonly string[]): void {
  fail((call) => (isNotificationOf(call, ...machineIds) ? new Error('a defect, by the test') : null));
}

/** Lets so much time pass, and whatever was put off for no longer be tried again. */
async function after(seconds: number): Promise<void> {
  service.clock.advanceSeconds(seconds);
  await service.deliverRetries();
}

/** Until the host has shown it as often as it does. */
async function untilDead(): Promise<void> {
  for (let shown = 0; shown < 5; shown++) await after(30);
}

function logged(text: string): string[] {
  return service.logs.filter((line) => line.includes(text));
}

describe('a change that cannot be handled', () => {
  test('holds up no other: neither of its batch and group, nor of others, nor those that come later', async () => {
    const [bad = '', ...good] = ids(20);
    poison(bad);
    ports.restFeeds(true);
    const [event] = await newEvents(service, [bad, ...good]);
    const others = await newEvents(service, ids(3));
    ports.restFeeds(false);
    await service.host.drainFeeds();
    const groupId = event?.groupId ?? '';
    expect(await notifiedOf(service, groupId)).toEqual(good.toSorted());
    expect(await notifiedOf(service, others[0]?.groupId ?? '')).toHaveLength(3);
    const later = await newEvents(service, ids(2));
    await service.host.drainFeeds();
    expect(await notifiedOf(service, later[0]?.groupId ?? '')).toHaveLength(2);
    expect(sent).toEqual([
      {
        message: {
          consumer: 'event-notifications',
          groupId,
          documentIds: [event?.id],
          firstPutOffOn: START,
        },
        afterSeconds: 30,
      },
    ]);
    expect(service.host.feedBatchesGivenUp).toBe(0);
  });

  test('is logged, with the document and the cause', async () => {
    const [bad = ''] = ids(1);
    poison(bad);
    const [event] = await newEvents(service, [bad]);
    await service.host.drainFeeds();
    const [line = ''] = logged(event?.id ?? '');
    expect(line).toMatch(/^warning event-notifications: 1 changes of group .* are put off for 30 s/);
    expect(line).toContain('a defect, by the test');
  });

  test('is handled as soon as the defect is mended, and once', async () => {
    const [bad = '', good = ''] = ids(2);
    poison(bad);
    const [event] = await newEvents(service, [bad, good]);
    await service.host.drainFeeds();
    fail(() => null);
    await after(29);
    expect(await notifiedOf(service, event?.groupId ?? '')).toEqual([good]);
    await after(1);
    expect(await notifiedOf(service, event?.groupId ?? '')).toEqual([bad, good].toSorted());
    await after(600);
    expect(sent).toHaveLength(1);
  });

  test('is a dead letter after five times, and comes back to life when people say so', async () => {
    const [bad = ''] = ids(1);
    poison(bad);
    const [event] = await newEvents(service, [bad]);
    await service.host.drainFeeds();
    for (let shown = 0; shown < 4; shown++) await after(30);
    expect((await service.call('GET', 'dead-letters')).body).toEqual({ count: 0 });
    await after(30);
    expect((await service.call('GET', 'dead-letters')).body).toEqual({ count: 1 });
    expect(sent).toHaveLength(1);

    fail(() => null);
    await after(6000);
    expect(await notifiedOf(service, event?.groupId ?? '')).toEqual([]);
    expect((await service.call('POST', 'dead-letters/redrive')).body).toEqual({ redriven: 1 });
    expect((await service.call('GET', 'dead-letters')).body).toEqual({ count: 0 });
    await after(0);
    expect(await notifiedOf(service, event?.groupId ?? '')).toEqual([bad]);
    expect((await service.call('POST', 'dead-letters/redrive')).body).toEqual({ redriven: 0 });
  });
});

describe('a trouble that passes', () => {
  test.for([
    ['a store that asks for time', new StoreThrottled(7), 7],
    ['a store that asks for a part of a second', new StoreThrottled(0.4), 1],
    ['a store that does not answer', new StoreUnavailable('by the test'), 30],
    ['a vault that asks for time', new VaultUnavailable('by the test', 11), 11],
    ['a vault that does not answer', new VaultUnavailable('by the test'), 30],
  ] as const)('%s: is waited for, all of a group together', async ([, error, seconds]) => {
    fail((call) => (isNotificationOf(call) ? error : null));
    const events = await newEvents(service, ids(3));
    const groupId = events[0]?.groupId ?? '';
    await service.host.drainFeeds();
    const documentIds = events.map(({ id }) => id);
    expect(sent).toEqual([
      {
        message: { consumer: 'event-notifications', groupId, documentIds, firstPutOffOn: START },
        afterSeconds: seconds,
      },
    ]);
    fail(() => null);
    await after(seconds - 1);
    expect(await notifiedOf(service, groupId)).toEqual([]);
    await after(1);
    expect(await notifiedOf(service, groupId)).toHaveLength(3);
  });

  test('may last for hours: it makes no dead letters', async () => {
    fail((call) => (call.kind === 'store.read' || isNotificationOf(call) ? unavailable(call) : null));
    const events = await newEvents(service, ids(2));
    await service.host.drainFeeds();
    for (let minutes = 0; minutes < 180; minutes += 1) await after(60);
    fail(() => null);
    expect(await service.system.queue.deadLetters()).toBe(0);
    await after(60);
    expect(await notifiedOf(service, events[0]?.groupId ?? '')).toHaveLength(2);
  });

  test('but has not for a day, is none: it makes a dead letter, which is tried anew', async () => {
    fail((call) => (isNotificationOf(call) ? unavailable(call) : null));
    const [event] = await newEvents(service, ids(2));
    await service.host.drainFeeds();
    for (let hours = 1; hours < 24; hours++) await after(3600);
    expect(sent).toHaveLength(24);
    expect(await service.system.queue.deadLetters()).toBe(0);
    await after(3600);
    await untilDead();
    expect(sent).toHaveLength(24);
    expect(await service.system.queue.deadLetters()).toBe(1);
    fail(() => null);
    await service.system.queue.redrive(1);
    await after(0);
    expect(await notifiedOf(service, event?.groupId ?? '')).toHaveLength(2);
  });

  test('is waited for from now on when the message does not say since when', async () => {
    ports.restFeeds(true);
    const [event] = await newEvents(service, ids(1));
    const { groupId = '', id = '' } = event ?? {};
    fail((call) => (call.kind === 'store.read' ? unavailable(call) : null));
    const message = { consumer: 'event-notifications', groupId, documentIds: [id] };
    await service.system.queue.send(message, 0);
    sent = [];
    await after(0);
    expect(sent).toEqual([{ message: { ...message, firstPutOffOn: START }, afterSeconds: 30 }]);
    fail(() => null);
    await after(30);
    expect(await notifiedOf(service, groupId)).toHaveLength(1);
  });

  test('hides no defect: what fails for another reason then is tried by itself', async () => {
    const machines = ids(3);
    fail((call) => (isNotificationOf(call) ? new StoreThrottled(5) : null));
    const events = await newEvents(service, machines);
    await service.host.drainFeeds();
    poison(machines[1] ?? '');
    await after(5);
    expect(await notifiedOf(service, events[0]?.groupId ?? '')).toHaveLength(2);
    expect(sent.at(-1)).toMatchObject({ message: { documentIds: [events[1]?.id] }, afterSeconds: 30 });
    await untilDead();
    expect(await service.system.queue.deadLetters()).toBe(1);
    await service.system.queue.redrive(1);
    fail(() => null);
    await after(0);
    expect(await notifiedOf(service, events[0]?.groupId ?? '')).toHaveLength(3);
  });

  test('keeps many changes apart: no message holds more than a hundred', async () => {
    fail((call) => (isNotificationOf(call) ? new StoreThrottled(5) : null));
    const groupId = randomUUID();
    ports.restFeeds(true);
    const events = [
      ...(await newEvents(service, ids(100), groupId)),
      ...(await newEvents(service, ids(50), groupId)),
    ];
    // As Cosmos DB hands over what one transaction wrote: more than was asked for.
    await handleChanges(service.system, 'event-notifications', events);
    const sizes = sent.map(({ message }) => (message as { documentIds: string[] }).documentIds.length);
    expect(sizes).toEqual([100, 50]);
  });
});

describe('an event', () => {
  test('that this instance does not see yet is not taken for gone', async () => {
    const [event] = await newEvents(service, ids(1));
    const { groupId = '', id = '' } = event ?? {};
    const unseen = { consumer: 'event-notifications', groupId, documentIds: [`${id}-unseen`] };
    await service.system.queue.send(unseen, 0);
    await after(0);
    expect(logged(`${id}-unseen of group ${groupId} is not to be seen yet`)).toHaveLength(1);
    const late = { ...event, id: `${id}-unseen` } as FleetEvent;
    ports.restFeeds(true);
    await service.system.store.write(groupId, [{ kind: 'create', document: late }]);
    await after(30);
    expect(await notifiedOf(service, groupId)).toHaveLength(2);
  });

  test('that is not whole, as when somebody edited it, is a dead letter by itself', async () => {
    const before = await service.system.queue.deadLetters();
    ports.restFeeds(true);
    const [event] = await newEvents(service, ids(3));
    const { groupId = '' } = event ?? {};
    const broken = { type: 'event', id: 'event:broken', groupId } as const;
    await service.system.store.write(groupId, [{ kind: 'create', document: broken }]);
    await newEvents(service, ids(2), groupId);
    ports.restFeeds(false);
    await service.host.drainFeeds();
    expect(await notifiedOf(service, groupId)).toHaveLength(5);
    expect(sent).toMatchObject([{ message: { groupId, documentIds: [broken.id] } }]);
    await untilDead();
    expect(await service.system.queue.deadLetters()).toBe(before + 1);
  });
});
