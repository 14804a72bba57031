// Virtual time for a fleet of agents: it moves on to the next agent's check-in as fast as the agents get through, and never so
// far that a check-in under way would seem to take longer than it may. Leases, challenges and tokens, which last minutes,
// so hold as they would in real time.
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';

/** The longest that a check-in under way may seem to take, seconds. */
const UNDER_WAY_SECONDS_MAX = 60;
/** Check-ins under way at one time. */
const UNDER_WAY_MAX = 64;

interface Waiting {
  readonly agent: number;
  readonly at: Instant;
}

export class VirtualTime {
  #now: Instant;
  /** Whose time comes last is first. */
  readonly #waiting: Waiting[] = [];
  readonly #startedOn = new Map<number, Instant>();
  readonly #set: (now: Instant) => void;

  /** @param set is told each time it moves. */
  constructor(start: Instant, set: (now: Instant) => void) {
    this.#now = start;
    this.#set = set;
    set(start);
  }

  get now(): Instant {
    return this.#now;
  }

  get underWay(): number {
    return this.#startedOn.size;
  }

  /** The agent is done for now, and sleeps until `at`. */
  sleeps(agent: number, at: Instant): void {
    this.#startedOn.delete(agent);
    const place = this.#waiting.findIndex((each) => each.at <= at);
    this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, { agent, at });
  }

  /** Agents whose time has come, time having moved on as far as it may, and not beyond `until`. They are under way from then on. */
  wake(until: Instant): number[] {
    const woken: number[] = [];
    while (this.#startedOn.size < UNDER_WAY_MAX) {
      const next = this.#waiting.at(-1);
      if (next === undefined || next.at > until || next.at > this.#horizon()) break;
      this.#waiting.pop();
      this.moveTo(next.at);
      this.#startedOn.set(next.agent, this.#now);
      woken.push(next.agent);
    }
    return woken;
  }

  /** Moves time on, when it is not there yet. */
  moveTo(instant: Instant): void {
    if (instant <= this.#now) return;
    this.#now = instant;
    this.#set(instant);
  }

  /** Whether no agent is under way and none has anything to do until then. */
  isQuietUntil(until: Instant): boolean {
    return this.#startedOn.size === 0 && (this.#waiting.at(-1)?.at ?? until) >= until;
  }

  #horizon(): Instant {
    let earliest: Instant | null = null;
    for (const startedOn of this.#startedOn.values()) {
      if (earliest === null || startedOn < earliest) earliest = startedOn;
    }
    return earliest === null
      ? ('9999-12-31T23:59:59Z' as Instant)
      : addSeconds(earliest, UNDER_WAY_SECONDS_MAX);
  }
}
