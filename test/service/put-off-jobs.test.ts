// Jobs that cannot be carried on for now: put off, and gone on with as they are then.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addSeconds } from '../../shared/domain/instant.ts';
import { advanceJob, newJob } from '../../shared/domain/job.ts';
import type { Job } from '../../shared/domain/job.ts';
import { StoreThrottled } from '../../shared/ports/document-store.ts';
import { handleChanges } from '../../shared/services/change-handling.ts';
import { hookedPorts } from './hooked-ports.ts';
import type { PortCall } from './hooked-ports.ts';
import type { RunningService } from './running-service.ts';
import { START, startService } from './running-service.ts';

const ports = hookedPorts();
let service: RunningService;
let sent: { message: unknown; afterSeconds: number }[];

beforeAll(async () => {
  service = await startService(ports.parts);
});
beforeEach(() => {
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

/** Lets so much time pass, and whatever was put off for no longer be tried again. */
async function after(seconds: number): Promise<void> {
  service.clock.advanceSeconds(seconds);
  await service.deliverRetries();
}

/** Until the host has shown it as often as it does. */
async function untilDead(): Promise<void> {
  for (let shown = 0; shown < 5; shown++) await after(30);
}

/** As the feed does. */
function show(...jobs: readonly Job[]): Promise<unknown> {
  return handleChanges(service.system, 'fleet-changes', jobs);
}

describe('a fan-out', () => {
  test('that the store is too busy for goes on when the store said, and does not wait for the scan', async () => {
    const { id: groupId } = await service.newGroup();
    fail((call) =>
      call.kind === 'store.query' && call.query.type === 'machine' ? new StoreThrottled(3) : null,
    );
    const job = newJob('fanOut', groupId, 'test', START);
    await service.system.store.write(groupId, [{ kind: 'create', document: job }]);
    await service.host.drainFeeds();
    expect(sent).toEqual([
      {
        message: { consumer: 'fleet-changes', groupId, documentIds: [job.id], firstPutOffOn: START },
        afterSeconds: 3,
      },
    ]);
    fail(() => null);
    expect(await service.system.store.read<Job>(groupId, job.id)).not.toBeNull();
    await after(3);
    expect(await service.system.store.read<Job>(groupId, job.id)).toBeNull();
  });

  test('that was done meanwhile is not looked for again', async () => {
    const { id: groupId } = await service.newGroup();
    const message = { consumer: 'fleet-changes', groupId, documentIds: ['job:fanOut:done'] };
    await service.system.queue.send(message, 0);
    sent = [];
    await after(0);
    await untilDead();
    expect([sent, await service.system.queue.deadLetters()]).toEqual([[], 0]);
  });
});

describe('a job that this instance does not see as the feed showed it', () => {
  let first: Job;
  let writes: number;
  beforeEach(async () => {
    const { id: groupId } = await service.newGroup();
    first = newJob('fanOut', groupId, 'shown', START);
    ports.restFeeds(true);
    await service.system.store.write(groupId, [{ kind: 'create', document: first }]);
    writes = 0;
    fail((call) => {
      if (call.kind === 'store.write') writes += 1;
      return null;
    });
  });

  test('but as it was before, waits until it does: from there, its end could not be written', async () => {
    await show(advanceJob(first, 'machine', addSeconds(START, 1)));
    const { groupId, id } = first;
    expect(writes).toBe(0);
    expect(sent).toMatchObject([{ message: { groupId, documentIds: [id] }, afterSeconds: 2 }]);
    const reads: string[] = [];
    fail((call) => {
      if (call.kind === 'store.read' && call.id === id) reads.push(id);
      return null;
    });
    await after(2);
    expect(reads).toHaveLength(1);
    expect(await service.system.store.read(groupId, id)).toBeNull();
  });

  test('or not at all, is looked for once more: it may be done', async () => {
    const unseen = newJob('fanOut', first.groupId, 'unseen', START);
    await show(unseen);
    expect(sent).toMatchObject([{ message: { documentIds: [unseen.id] }, afterSeconds: 2 }]);
    await after(2);
    await untilDead();
    expect([sent.length, writes]).toEqual([1, 0]);
  });

  test('but further on, is left to whoever is shown that', async () => {
    const { groupId, id } = first;
    const stored = await service.system.store.read(groupId, id);
    const document = advanceJob(first, 'machine', addSeconds(START, 1));
    await service.system.store.write(groupId, [
      { kind: 'replace', document, version: stored?.version ?? '' },
    ]);
    writes = 0;
    await show(first);
    expect([sent, writes]).toEqual([[], 0]);
  });
});
