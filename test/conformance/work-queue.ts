// The work queue's contract, for every adapter.
import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { WORK_BYTES_MAX } from '../../shared/ports/work-queue.ts';
import type { WorkQueue } from '../../shared/ports/work-queue.ts';

/** An empty queue, and what is on its other side. */
export interface OpenedQueue {
  readonly queue: WorkQueue;
  /** Takes what may be shown now, for good. */
  readonly take: () => Promise<unknown[]>;
  /** Puts a message among the dead, as whoever takes messages does when one fails again and again. */
  readonly bury: (message: unknown) => Promise<void>;
  /** Lets time pass. */
  readonly pass: (seconds: number) => Promise<void>;
}

/** `open` gives an empty queue each time. */
export function describeWorkQueue(name: string, open: () => Promise<OpenedQueue>): void {
  describe(`${name} as a work queue`, () => {
    it('shows each message that was sent, once it is taken no more', async () => {
      const { queue, take } = await open();
      for (const number of ['1', '2', '3']) await queue.send(number, 0);
      expect((await take()).map(String).toSorted()).toEqual(['1', '2', '3']);
      expect(await take()).toEqual([]);
    });

    it.each([
      ['text beyond ASCII', { text: 'Halle 3 – „Presse“ 🔑' }],
      ['markup', { text: '<QueueMessage>&amp;]]></QueueMessage>' }],
      ['values within values', { consumer: 'a', ids: ['1', '2'], nothing: null, count: 0 }],
      ['as many bytes as are allowed', { text: 'x'.repeat(WORK_BYTES_MAX - '{"text":""}'.length) }],
    ])('gives back %s as sent', async (_, message) => {
      const { queue, take } = await open();
      await queue.send(message, 0);
      expect(await take()).toEqual([message]);
    });

    it('shares nothing with its callers', async () => {
      const { queue, take } = await open();
      const message = { ids: ['a'] };
      await queue.send(message, 0);
      message.ids.push('b');
      expect(await take()).toEqual([{ ids: ['a'] }]);
    });

    it('shows a message no sooner than it was told, and others meanwhile', async () => {
      const { queue, take, pass } = await open();
      await queue.send('later', 3);
      await queue.send('now', 0);
      expect(await take()).toEqual(['now']);
      expect(await take()).toEqual([]);
      await pass(3.5);
      expect(await take()).toEqual(['later']);
    });

    it('waits as long as a week', async () => {
      const { queue, take } = await open();
      await queue.send('in a week', 604_800);
      expect(await take()).toEqual([]);
    });

    it.each([-1, 0.5, 604_801, Number.NaN])(
      'refuses to wait %d seconds, and sends nothing',
      async (after) => {
        const { queue, take } = await open();
        await expect(queue.send('never', after)).rejects.toBeInstanceOf(AssertionError);
        expect(await take()).toEqual([]);
      },
    );

    it.each([
      ['a byte too many', 'x'.repeat(WORK_BYTES_MAX - 1)],
      ['too many bytes though not too many characters', '€'.repeat(WORK_BYTES_MAX / 2)],
      ['what is no JSON', undefined],
    ])('refuses %s, and sends nothing', async (_, message) => {
      const { queue, take } = await open();
      await expect(queue.send(message, 0)).rejects.toBeInstanceOf(AssertionError);
      expect(await take()).toEqual([]);
    });

    it('counts what waits, whether or not its time has come, and neither what was taken nor the dead', async () => {
      const { queue, take, bury } = await open();
      expect(await queue.waiting()).toBe(0);
      await bury('dead');
      for (const after of [0, 0, 60]) await queue.send('work', after);
      expect(await queue.waiting()).toBe(3);
      await take();
      expect(await queue.waiting()).toBe(1);
    });

    it('has no dead letters at first, and nothing to redrive', async () => {
      const { queue } = await open();
      expect(await queue.deadLetters()).toBe(0);
      expect(await queue.redrive(10)).toBe(0);
    });

    it('counts dead letters, and shows them to nobody until they are redriven, whole', async () => {
      const { queue, take, bury } = await open();
      const messages = [{ id: 'ä' }, { id: 'b' }, { id: 'c' }];
      for (const message of messages) await bury(message);
      expect(await queue.deadLetters()).toBe(3);
      expect(await take()).toEqual([]);
      expect(await queue.redrive(10)).toBe(3);
      expect(await queue.deadLetters()).toBe(0);
      expect(await take()).toEqual(expect.arrayContaining(messages));
    });

    it('redrives as many as it is told, and those that are left the next time', async () => {
      const { queue, take, bury } = await open();
      for (let number = 0; number < 40; number++) await bury({ number });
      expect(await queue.redrive(35)).toBe(35);
      expect(await queue.deadLetters()).toBe(5);
      expect(await queue.redrive(35)).toBe(5);
      const taken = [...(await take()), ...(await take())] as { number: number }[];
      expect(new Set(taken.map(({ number }) => number)).size).toBe(40);
    });
  });
}
