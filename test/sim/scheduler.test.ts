import { describe, expect, test } from 'vitest';
import { Chance } from './chance.ts';
import { GoesInCircles, Process, Scheduler } from './scheduler.ts';

function newScheduler(): Scheduler {
  return new Scheduler(0, new Chance(1));
}

describe('tasks', () => {
  test('go on in the order of their times', async () => {
    const scheduler = newScheduler();
    const log: string[] = [];
    const sleeper = (name: string, milliseconds: number) => async (): Promise<void> => {
      await scheduler.sleep(milliseconds);
      log.push(`${name} at ${scheduler.now}`);
    };
    const process = new Process('p');
    scheduler.spawn(process, sleeper('late', 500));
    scheduler.spawn(process, sleeper('early', 100));
    await scheduler.runUntil(300);
    expect(log).toEqual(['early at 100']);
    await scheduler.runUntil(1000);
    expect(log).toEqual(['early at 100', 'late at 500']);
    expect(scheduler.now).toBe(1000);
  });

  test('may wait for each other, or in vain', async () => {
    const scheduler = newScheduler();
    const outcomes: unknown[] = [];
    const process = new Process('p');
    scheduler.spawn(process, async () => {
      outcomes.push(
        await scheduler.waitFor<string>((settle) => {
          scheduler.spawn(process, async () => settle('done'), 10);
        }, 100),
      );
      outcomes.push(await scheduler.waitFor<string>(() => undefined, 100));
    });
    await scheduler.runUntil(1000);
    expect(outcomes).toEqual(['done', null]);
  });

  test('may have a branch that comes to its gate a little after another', async () => {
    const scheduler = newScheduler();
    const log: string[] = [];
    const branch = async (name: string, awaits: number): Promise<void> => {
      for (let each = 0; each < awaits; each++) await Promise.resolve();
      await scheduler.sleep(100);
      log.push(`${name} in ${scheduler.process.name}`);
    };
    scheduler.spawn(new Process('p'), async () => {
      await Promise.all([branch('at once', 0), branch('later', 20)]);
    });
    scheduler.spawn(new Process('q'), () => branch('another', 0));
    await scheduler.runUntil(1000);
    expect(log).toEqual(['at once in p', 'later in p', 'another in q']);
  });

  test('may have branches that wait at gates of their own', async () => {
    const scheduler = newScheduler();
    const log: string[] = [];
    const branch = async (name: string, milliseconds: number): Promise<string> => {
      await scheduler.sleep(milliseconds);
      log.push(`${name} at ${scheduler.now}`);
      return name;
    };
    scheduler.spawn(new Process('p'), async () => {
      const names = await Promise.all([branch('slow', 300), branch('quick', 100), branch('middling', 200)]);
      await scheduler.sleep(100);
      log.push(`${names.join()} at ${scheduler.now}`);
    });
    scheduler.spawn(new Process('q'), async () => void (await branch('another', 150)));
    await scheduler.runUntil(1000);
    expect(log).toEqual([
      'quick at 100',
      'another at 150',
      'middling at 200',
      'slow at 300',
      'slow,quick,middling at 400',
    ]);
  });

  test('that fail end the world', async () => {
    const scheduler = newScheduler();
    scheduler.spawn(new Process('p'), () => Promise.reject(new Error('by the test')));
    await expect(scheduler.runUntil(10)).rejects.toThrow('by the test');
  });

  test('without end are noticed', async () => {
    const scheduler = newScheduler();
    scheduler.spawn(new Process('p'), async () => {
      for (;;) await scheduler.sleep(0);
    });
    await expect(scheduler.runUntil(10)).rejects.toBeInstanceOf(GoesInCircles);
  });
});

describe('a process that dies', () => {
  test.for([0, 1, 2, 3])('at its gate %i does nothing after it', async (gates) => {
    const scheduler = newScheduler();
    const process = new Process('p');
    process.gatesLeft = gates;
    let passed = 0;
    scheduler.spawn(process, async () => {
      for (; passed < 5; passed += 1) await scheduler.pass();
    });
    await scheduler.runUntil(1_000_000);
    expect({ passed, isAlive: process.isAlive }).toEqual({ passed: gates, isAlive: false });
  });

  test('is told of, once, and takes all its tasks along', async () => {
    const scheduler = newScheduler();
    const process = new Process('p');
    let deaths = 0;
    let ended = 0;
    process.onDeath.add(() => void (deaths += 1));
    for (const milliseconds of [10, 20]) {
      scheduler.spawn(process, async () => {
        await scheduler.sleep(milliseconds);
        ended += 1;
      });
    }
    await scheduler.runUntil(15);
    scheduler.kill(process);
    scheduler.kill(process);
    await scheduler.runUntil(100);
    expect({ deaths, ended }).toEqual({ deaths: 1, ended: 1 });
  });
});
