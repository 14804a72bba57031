// Schedules of timer triggers: six fields `second minute hour day month day-of-week` in UTC, as NCrontab
// reads them (a day must match both day fields), or a time span `hh:mm:ss` between runs.
import { Cron } from 'croner';
import { addSeconds, fromInstant, type Instant, toInstant } from '../../shared/domain/instant.ts';

export interface Schedule {
  /** The first occurrence after `instant`. */
  readonly next: (instant: Instant) => Instant;
}

const FIELDS = [
  { name: 'second', last: '59' },
  { name: 'minute', last: '59' },
  { name: 'hour', last: '23' },
  { name: 'day', last: '31' },
  { name: 'month', last: '12' },
  { name: 'day of week', last: '6' },
] as const;
const NAMES = [
  [],
  [],
  [],
  [],
  ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
];
const PART = /^(?:\*|([A-Z]{3}|\d{1,2})(?:-([A-Z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/;
const TIME_SPAN = /^(\d{1,2}):([0-5]\d):([0-5]\d)$/;

/** One element of a field's list, checked against what NCrontab knows and put as croner writes it. */
function toCronerPart(part: string, index: number): string | null {
  const [whole, from, to, step] = PART.exec(part.toUpperCase()) ?? [];
  const names = NAMES[index] ?? [];
  const last = FIELDS[index]?.last ?? '';
  if (whole === undefined) return null;
  for (const bound of [from, to]) {
    if (bound === undefined) continue;
    if (/\d/.test(bound) ? Number(bound) > Number(last) : !names.includes(bound)) return null;
  }
  // `5/15` is "from 5 to the end, every 15".
  return from !== undefined && to === undefined && step !== undefined ? `${from}-${last}/${step}` : whole;
}

function toCronerPattern(text: string): string {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    throw new Error(
      `schedule "${text}" has ${fields.length} fields; it needs six: {second} {minute} {hour} {day} {month} {day of week}`,
    );
  }
  const converted = fields.map((field, index) => {
    const parts = field.split(',').map((part) => toCronerPart(part, index));
    if (parts.includes(null)) {
      throw new Error(`schedule "${text}": "${field}" is not a ${FIELDS[index]?.name ?? 'field'}`);
    }
    return parts.join(',');
  });
  return converted.join(' ');
}

function parseTimeSpan(text: string): Schedule | null {
  const [, hours, minutes, seconds] = TIME_SPAN.exec(text) ?? [];
  if (hours === undefined) return null;
  const interval = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (interval === 0) throw new Error(`schedule "${text}" has no time between its runs`);
  return { next: (instant) => addSeconds(instant, interval) };
}

/** @throws Error that says what is wrong with the schedule, one that never occurs included. */
export function parseSchedule(text: string): Schedule {
  const span = parseTimeSpan(text);
  if (span !== null) return span;
  const pattern = toCronerPattern(text);
  const cron = ((): Cron => {
    try {
      return new Cron(pattern, { mode: '6-part', timezone: 'UTC', domAndDow: true });
    } catch (error) {
      throw new Error(`schedule "${text}" is not understood`, { cause: error });
    }
  })();
  const next = (instant: Instant): Instant => {
    const date = cron.nextRun(new Date(fromInstant(instant)));
    if (date === null) throw new Error(`schedule "${text}" never occurs`);
    return toInstant(date.getTime());
  };
  next(toInstant(0));
  return { next };
}
