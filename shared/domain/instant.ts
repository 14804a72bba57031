// Instants as the system keeps them everywhere, documents and API alike: UTC text of one fixed form,
// `2026-11-22T00:00:00Z`, whole seconds. Of one form, they compare with < and > as the times they name.
// This is the one place that truncates to seconds.

declare const instantBrand: unique symbol;

/** A UTC instant, `YYYY-MM-DDTHH:MM:SSZ`. Compare with `<`, `<=`, `===`. */
export type Instant = string & { readonly [instantBrand]: true };

const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Milliseconds since the epoch, as an instant; fractions of a second are cut off. */
export function toInstant(epochMilliseconds: number): Instant {
  return `${new Date(epochMilliseconds).toISOString().slice(0, 19)}Z` as Instant;
}

/** Milliseconds since the epoch. */
export function fromInstant(instant: Instant): number {
  return Date.parse(instant);
}

/** Text of an instant's exact form, or null when it is not one (a 31 February included). */
export function parseInstant(text: string): Instant | null {
  if (!FORM.test(text)) return null;
  const milliseconds = Date.parse(text);
  return !Number.isNaN(milliseconds) && toInstant(milliseconds) === text ? (text as Instant) : null;
}

/** The instant that lies `seconds` later; earlier if negative. */
export function addSeconds(instant: Instant, seconds: number): Instant {
  return toInstant(fromInstant(instant) + seconds * 1000);
}

/** The instant that lies `minutes` later; earlier if negative. */
export function addMinutes(instant: Instant, minutes: number): Instant {
  return addSeconds(instant, minutes * 60);
}

/** Seconds from `start` to `end`; negative if `end` is earlier. */
export function secondsBetween(start: Instant, end: Instant): number {
  return (fromInstant(end) - fromInstant(start)) / 1000;
}

export function earliest(first: Instant, ...others: Instant[]): Instant {
  return others.reduce((least, each) => (each < least ? each : least), first);
}

export function latest(first: Instant, ...others: Instant[]): Instant {
  return others.reduce((greatest, each) => (each > greatest ? each : greatest), first);
}
