// Periods: as people write them, as the service counts them (minutes), and as people read them.

const UNIT_MINUTES = { m: 1, h: 60, d: 1440, w: 10_080 } as const;
const FORM = /^(\d{1,9}(?:\.5)?)\s*([mhdw]?)$/;

/** Minutes from `90d`, `182.5d`, `12w`, `36h`, `129600m` or plain minutes; null for anything else. */
export function parsePeriod(text: string): number | null {
  const [, count, unit] = FORM.exec(text.trim()) ?? [];
  if (count === undefined) return null;
  const minutes = Number(count) * UNIT_MINUTES[(unit || 'm') as keyof typeof UNIT_MINUTES];
  return Number.isInteger(minutes) ? minutes : null;
}

/** Minutes as `parsePeriod` takes them: `90d`, `182.5d`, `35h`, `64801m`. */
export function periodOption(minutes: number): string {
  for (const unit of ['d', 'h'] as const) {
    const count = minutes / UNIT_MINUTES[unit];
    if (Number.isInteger(count * 2)) return `${count}${unit}`;
  }
  return `${minutes}m`;
}

/** Minutes as people count them: `90 days`. */
export function periodText(minutes: number): string {
  return durationText(minutes * 60);
}

const UNITS = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Seconds in their two largest units: `182 days 12 h`, `54 min`, `8 s`. */
export function durationText(seconds: number): string {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0 s';
  const parts: string[] = [];
  let rest = Math.floor(seconds);
  for (const [name, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest %= size;
    // After days nothing smaller than hours matters, and nothing at all after ten of them.
    if (count > 0 && !(parts.length === 1 && seconds >= 864_000)) parts.push(unitText(count, name));
  }
  return parts.join(' ');
}

function unitText(count: number, name: string): string {
  if (name !== 'day') return `${count} ${name}`;
  return count === 1 ? '1 day' : `${count.toLocaleString('en')} days`;
}
