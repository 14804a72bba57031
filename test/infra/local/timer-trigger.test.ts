import { app, type InvocationContext, type Timer } from '@azure/functions';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../../infra/local/host.ts';
import { instant, newWorld, once } from './embedded-host.ts';

const runs: { at: string; timer: Timer; retry: number | undefined }[] = [];
let world = newWorld();
let startups = 0;
let handle: (() => Promise<void>) | null = null;

const register = once(() => {
  app.timer('startup', {
    schedule: '0 0 0 1 1 *',
    runOnStartup: true,
    handler: () => {
      startups += 1;
    },
  });
  app.timer('scan', {
    schedule: '%SCAN_SCHEDULE%',
    retry: { strategy: 'fixedDelay', maxRetryCount: 1, delayInterval: 0 },
    handler: async (timer: Timer, context: InvocationContext) => {
      runs.push({ at: world.clock.now(), timer, retry: context.retryContext?.retryCount });
      await handle?.();
    },
  });
});

beforeEach(() => {
  runs.length = 0;
  handle = null;
  world = newWorld();
});

const settings = { SCAN_SCHEDULE: '0 */5 * * * *' };

async function hosted(work: (host: Host) => Promise<void>, schedule = settings): Promise<void> {
  const host = await world.start(register, { settings: schedule });
  await work(host);
  await host.stop();
}

/** Until something has happened that is sure to happen. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}

/** Long enough for anything that is about to happen wrongly. */
const aMoment = (): Promise<void> => wait(50);

describe('a timer', () => {
  test('runs at each occurrence, told when it ran last and when it runs next', async () => {
    await hosted(async () => {
      await aMoment();
      expect(runs).toEqual([]);
      world.clock.set(instant('2026-11-22T00:05:00Z'));
      await until(() => runs.length === 1);
      await aMoment();
      world.clock.set(instant('2026-11-22T00:10:01Z'));
      await until(() => runs.length === 2);
    });
    expect(runs.map(({ at }) => at)).toEqual(['2026-11-22T00:05:00Z', '2026-11-22T00:10:01Z']);
    expect(runs[1]?.timer).toMatchObject({
      isPastDue: false,
      scheduleStatus: { last: '2026-11-22T00:05:00Z', next: '2026-11-22T00:15:00Z' },
    });
  });

  test('runs once, past due, when the clock jumps over many occurrences', async () => {
    await hosted(async () => {
      await aMoment();
      world.clock.set(instant('2026-12-24T00:00:30Z'));
      await until(() => runs.length > 0);
      await aMoment();
    });
    expect(runs).toHaveLength(1);
    expect(runs[0]?.timer.isPastDue).toBe(true);
  });

  test('runs once, past due, at the start when an occurrence was missed while the host was stopped', async () => {
    await hosted(async () => {
      world.clock.set(instant('2026-11-22T00:04:59Z'));
      await aMoment();
    });
    world.clock.set(instant('2026-11-22T00:05:00Z'));
    await hosted(() => until(() => runs.length === 1));
    expect(runs[0]?.timer.isPastDue).toBe(true);
    await hosted(aMoment);
    expect(runs).toHaveLength(1);
  });

  test('does not run at the start when nothing was missed', async () => {
    await hosted(aMoment);
    world.clock.set(instant('2026-11-22T00:04:59Z'));
    await hosted(aMoment);
    expect(runs).toEqual([]);
  });

  test('that wakes late for a single occurrence is past due too', async () => {
    await hosted(
      async () => {
        await aMoment();
        world.clock.set(instant('2026-11-23T00:01:00Z'));
        await until(() => runs.length === 1);
      },
      { SCAN_SCHEDULE: '0 0 0 * * *' },
    );
    expect(runs[0]?.timer.isPastDue).toBe(true);
  });

  test('runs at every start if it was registered so, and only then', async () => {
    startups = 0;
    await hosted(aMoment);
    await hosted(aMoment);
    expect(startups).toBe(2);
    expect(runs).toEqual([]);
  });

  test('goes on when the clock is set back', async () => {
    await hosted(async (host) => {
      world.clock.set(instant('2027-06-01T00:00:00Z'));
      await host.invokeTimer('scan');
    });
    world.clock.set(instant('2026-11-22T00:00:00Z'));
    const before = runs.length;
    await hosted(async () => {
      await aMoment();
      world.clock.set(instant('2026-11-22T00:05:00Z'));
      await until(() => runs.length > before);
    });
    expect(runs.at(-1)?.at).toBe('2026-11-22T00:05:00Z');
  });

  test('is never run twice at once, and not again for what a run on demand has done', async () => {
    let underWay = 0;
    handle = async () => {
      underWay += 1;
      expect(underWay).toBe(1);
      await wait(20);
      underWay -= 1;
    };
    await hosted(async (host) => {
      await aMoment();
      world.clock.set(instant('2026-11-22T00:05:00Z'));
      await Promise.all([host.invokeTimer('scan'), host.invokeTimer('scan')]);
      const count = runs.length;
      await aMoment();
      expect(runs).toHaveLength(count);
    });
  });

  test('that fails is retried as its policy says, and its next occurrence comes', async () => {
    handle = () => Promise.reject(new Error('broken'));
    await hosted(async () => {
      await aMoment();
      world.clock.set(instant('2026-11-22T00:05:00Z'));
      await until(() => world.entries.some(({ level, source }) => level === 'error' && source === 'scan'));
      expect(runs.map(({ retry }) => retry)).toEqual([undefined, 1]);
      handle = null;
      await until(() => world.checkpoints.saved.get('timer:scan') === '2026-11-22T00:05:00Z');
      world.clock.set(instant('2026-11-22T00:10:00Z'));
      await until(() => runs.length === 3);
    });
  });

  test('on demand hands on what the function throws', async () => {
    handle = () => Promise.reject(new Error('broken'));
    await hosted(async (host) => {
      await expect(host.invokeTimer('scan')).rejects.toThrow('broken');
      await expect(host.invokeTimer('unknown')).rejects.toThrow('unknown');
    });
  });

  test('under way is waited for when the host stops, and its work counts', async () => {
    let finished = false;
    handle = async () => {
      await wait(100);
      finished = true;
    };
    await hosted(async () => {
      await aMoment();
      world.clock.set(instant('2026-11-22T00:05:00Z'));
      await until(() => runs.length === 1);
    });
    expect(finished).toBe(true);
    await hosted(aMoment);
    expect(runs).toHaveLength(1);
  });

  test('whose run was not recorded is run again after the restart', async () => {
    await hosted(async () => {
      await aMoment();
      world.checkpoints.failing = true;
      world.clock.set(instant('2026-11-22T00:05:00Z'));
      await until(() => runs.length === 1);
    });
    world.checkpoints.failing = false;
    await hosted(() => until(() => runs.length > 1));
    expect(runs[1]?.timer.isPastDue).toBe(true);
  });
});

test('a schedule whose setting is missing is refused by name', async () => {
  await expect(world.start(register)).rejects.toThrow('SCAN_SCHEDULE');
});

test.each(['junk', '0 */5 * * *', '0 0 0 30 2 *'])('so is one whose setting is “%s”', async (schedule) => {
  const starting = world.start(register, { settings: { SCAN_SCHEDULE: schedule } });
  await expect(starting).rejects.toMatchObject({ name: 'SettingUnusable', setting: 'SCAN_SCHEDULE' });
});
