// What becomes of changes when the queue cannot take them, and of messages that are none of ours.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import type { Hook } from './hooked-ports.ts';
import type { RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { ids, isNotificationOf, newEvents, notifiedOf } from './status-events.ts';

const ports = hookedPorts();
let service: RunningService;

beforeAll(async () => {
  service = await startService(ports.parts);
});
beforeEach(() => ports.hook({}));
afterAll(() => service.stop());

async function after(seconds: number): Promise<void> {
  service.clock.advanceSeconds(seconds);
  await service.deliverRetries();
}

test.for(['before', 'after'] as const)(
  'A queue that fails %s it took a change has the batch shown again: nothing is lost, and nobody told twice',
  async (point) => {
    const [bad = '', good = ''] = ids(2);
    const kinds: string[] = [];
    const refuse: Hook = (call) => {
      if (call.kind !== 'queue.send') return;
      kinds.push(call.kind);
      if (kinds.length === 1) throw unavailable(call);
    };
    const before: Hook = (call) => {
      if (isNotificationOf(call, bad)) throw new Error('a defect, by the test');
      if (point === 'before') return refuse(call);
    };
    ports.hook(point === 'before' ? { before } : { before, after: refuse });
    const [event] = await newEvents(service, [bad, good]);
    const groupId = event?.groupId ?? '';
    await service.host.drainFeeds();
    expect(kinds).toHaveLength(2);
    expect(await notifiedOf(service, groupId)).toEqual([good]);
    expect(service.logs.some((line) => line.includes('neither handled nor put off'))).toBe(true);
    ports.hook({});
    await after(30);
    expect(await notifiedOf(service, groupId)).toEqual([bad, good].toSorted());
    expect(service.host.feedBatchesGivenUp).toBe(0);
  },
);

test('A queue that is gone for long keeps the batch waiting, and loses none of it', async () => {
  const [bad = '', good = ''] = ids(2);
  ports.hook({
    before: (call) => {
      if (isNotificationOf(call, bad)) throw new Error('a defect, by the test');
      if (call.kind === 'queue.send') throw unavailable(call);
    },
  });
  const [event] = await newEvents(service, [bad, good]);
  const groupId = event?.groupId ?? '';
  const drained = service.host.drainFeeds();
  const isWaiting = Symbol('waiting');
  const pause = new Promise((resolve) => setTimeout(resolve, 1500, isWaiting));
  expect(await Promise.race([drained, pause])).toBe(isWaiting);
  ports.hook({});
  await drained;
  expect(await notifiedOf(service, groupId)).toEqual([bad, good].toSorted());
});

describe('A message that is none of ours', () => {
  test.for([
    ['is text', 'hello'],
    ['is nothing', null],
    ['names no consumer that there is', { consumer: 'other', groupId: 'g', documentIds: ['a'] }],
    ['names no documents', { consumer: 'fleet-changes', groupId: 'g', documentIds: [] }],
    [
      'says no instant',
      { consumer: 'fleet-changes', groupId: 'g', documentIds: ['a'], firstPutOffOn: 'yesterday' },
    ],
    ['lacks the group', { consumer: 'fleet-changes', documentIds: ['a'] }],
  ] as const)('because it %s, is a dead letter, and goes round no further', async ([, message]) => {
    const { queue } = service.system;
    const before = await queue.deadLetters();
    await queue.send(message, 0);
    let sent = 0;
    ports.hook({
      before: ({ kind }) => {
        if (kind === 'queue.send') sent += 1;
      },
    });
    for (let shown = 0; shown < 5; shown++) await after(30);
    expect(await queue.deadLetters()).toBe(before + 1);
    expect(sent).toBe(0);
  });
});
