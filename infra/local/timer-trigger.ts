// Runs one function with a timer trigger when its schedule says so, by the host's clock. When it last ran
// is kept in Checkpoints: occurrences that were missed, however many, are made up for by one run that is
// told `isPastDue`. A run is never begun while another of the same timer is under way.
import { pause } from '../../shared/adapters/pause.ts';
import { SettingUnusable } from '../../shared/adapters/setting.ts';
import { type Instant, parseInstant, secondsBetween } from '../../shared/domain/instant.ts';
import type { Checkpoints } from '../../shared/ports/checkpoints.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { RegisteredFunction } from './functions-core.ts';
import type { HostLog } from './host-log.ts';
import { type Invoker, triggerOf } from './invocation.ts';
import { parseSchedule, type Schedule } from './ncrontab.ts';
import { newOutage } from './outage.ts';
import { Interrupted, invokeWithRetries } from './retry-policy.ts';
import { resolveSettings, type Settings } from './settings.ts';

export interface Timer {
  readonly name: string;
  /** Runs it now; what was due until now counts as done. @throws what the function throws. */
  run(): Promise<void>;
  /** Begins to follow the schedule; resolves once `signal` has aborted and a run under way is over. */
  follow(): Promise<void>;
}

export interface TimerOptions {
  readonly fn: RegisteredFunction;
  readonly clock: Clock;
  readonly checkpoints: Checkpoints;
  readonly settings: Settings;
  readonly invoker: Invoker;
  readonly log: HostLog;
  readonly signal: AbortSignal;
}

/** Later than this, a run is past due. */
const PUNCTUAL_SECONDS = 60;
/** Sleeping is done in pieces, for clocks that are set while nobody looks. */
const SLEEP_SECONDS_MAX = 3600;

function payload(last: Instant, next: Instant, isPastDue: boolean): string {
  return JSON.stringify({
    Schedule: { AdjustForDST: false },
    ScheduleStatus: { Last: last, Next: next, LastUpdated: last },
    IsPastDue: isPastDue,
  });
}

/** One at a time, in the order of the calls. */
function newQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  };
}

/** @throws Error when it cannot be used: SettingUnusable when it is a setting's. */
function scheduleOf(fn: RegisteredFunction, settings: Settings): Schedule {
  const text = String(triggerOf(fn)['schedule']);
  const resolved = resolveSettings(text, settings, fn.metadata.name);
  try {
    return parseSchedule(resolved);
  } catch (cause) {
    const [, setting] = /^%(.+)%$/.exec(text) ?? [];
    if (setting === undefined || !(cause instanceof Error)) throw cause;
    throw new SettingUnusable(setting, `must be like 0 */5 * * * *: ${cause.message}`, { cause });
  }
}

/** @throws Error when the schedule cannot be used: SettingUnusable when it is a setting's. */
export function newTimer(options: TimerOptions): Timer {
  const { fn, clock, checkpoints, signal } = options;
  const { name } = fn.metadata;
  const trigger = triggerOf(fn);
  const schedule = scheduleOf(fn, options.settings);
  const consumer = `timer:${name}`;
  const oneAtATime = newQueue();

  const save = (now: Instant): Promise<void> => checkpoints.saveCheckpoint(consumer, now);

  /** Since when occurrences count; a mark ahead of a clock that was set back would silence the timer. */
  async function lastRun(now: Instant): Promise<Instant> {
    const last = parseInstant((await checkpoints.checkpoint(consumer)) ?? '');
    if (last !== null && last <= now) return last;
    await save(now);
    return now;
  }

  async function invoke(last: Instant, now: Instant, isPastDue: boolean): Promise<void> {
    const input = { json: payload(last, schedule.next(now), isPastDue) };
    const failure = await invokeWithRetries(options, fn, input, signal).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    // A run that was cut short is due again after the restart; one that failed for good is not.
    if (!(failure?.error instanceof Interrupted)) await save(now);
    if (failure !== null) throw failure.error;
  }

  function isPastDue(due: Instant, now: Instant): boolean {
    return secondsBetween(due, now) >= PUNCTUAL_SECONDS || schedule.next(due) <= now;
  }

  /** Runs if an occurrence is due; otherwise says how many seconds are left until the next. */
  async function runIfDue(starting: boolean): Promise<number> {
    const now = clock.now();
    const last = await lastRun(now);
    const due = schedule.next(last);
    if (due <= now) await invoke(last, now, starting || isPastDue(due, now));
    else if (starting && trigger['runOnStartup'] === true) await invoke(last, now, false);
    else return secondsBetween(now, due);
    return 0;
  }

  return {
    name,
    run: () =>
      oneAtATime(async () => {
        const now = clock.now();
        const last = await lastRun(now);
        const due = schedule.next(last);
        await invoke(last, now, due <= now && isPastDue(due, now));
      }),
    async follow() {
      const outage = newOutage('the timer', name, options.log);
      let starting = true;
      while (!signal.aborted) {
        try {
          const first = starting;
          const seconds = await oneAtATime(() => runIfDue(first));
          starting = false;
          outage.over();
          if (seconds > 0) await clock.sleep(Math.min(seconds, SLEEP_SECONDS_MAX), signal);
        } catch (error) {
          // On real time: nothing may move a virtual clock, and a store that fails needs to be left in peace.
          await pause(outage.failed(error), signal);
        }
      }
    },
  };
}
