import { expect, test } from 'vitest';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import { memoryWorkQueue, SHOWN_AGAIN_SECONDS, SHOWN_MAX } from '../../shared/adapters/memory-work-queue.ts';
import type { MemoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { describeWorkQueue } from '../conformance/work-queue.ts';

const START = '2026-01-01T00:00:00Z' as Instant;

async function fail(): Promise<never> {
  throw new Error('by the test');
}

describeWorkQueue('memoryWorkQueue', async () => {
  const clock = manualClock(START);
  const queue = memoryWorkQueue(clock);
  return {
    queue,
    take: () => taken(queue),
    async bury(message) {
      await queue.send(message, 0);
      for (let shown = 0; shown < SHOWN_MAX; shown++) {
        await queue.deliver(fail);
        clock.advanceSeconds(SHOWN_AGAIN_SECONDS);
      }
    },
    pass: async (seconds) => clock.advanceSeconds(Math.ceil(seconds)),
  };
});

async function taken(queue: MemoryWorkQueue): Promise<unknown[]> {
  const messages: unknown[] = [];
  await queue.deliver(async (message) => messages.push(message));
  return messages;
}

test('What fails is shown again after a while, five times in all, and is a dead letter then', async () => {
  const clock = manualClock(START);
  const queue = memoryWorkQueue(clock);
  await queue.send('poison', 0);
  const shown: number[] = [];
  for (let seconds = 0; seconds < 200; seconds++) {
    if ((await queue.deliver(fail)) > 0) shown.push(seconds);
    clock.advanceSeconds(1);
  }
  expect(shown).toEqual([0, 30, 60, 90, 120]);
  expect(await queue.deadLetters()).toBe(1);
  await queue.redrive(1);
  expect(await taken(queue)).toEqual(['poison']);
});
