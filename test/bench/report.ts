// The figures for people.
import type { BenchResult, Goal } from './benchmark.ts';
import type { Environment } from './environment.ts';

export interface Outcome {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  /** Null when it failed. */
  readonly result: BenchResult | null;
  readonly error: string | null;
}

export interface BenchDocument extends Environment {
  readonly scale: number;
  readonly benchmarks: readonly Outcome[];
}

export function report(document: BenchDocument): string {
  const { machine, versions, scale } = document;
  const { cpu, cores, memoryGiB, load } = machine;
  return [
    `machine   ${cpu}, ${cores} cores, ${memoryGiB} GiB, load ${load}`,
    `versions  ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    `scale     ${scale}${scale === 1 ? '' : ' (goals are for scale 1)'}`,
    ...document.benchmarks.flatMap(outcomeLines),
    '',
  ].join('\n');
}

function outcomeLines({ name, title, seconds, result, error }: Outcome): string[] {
  const head = ['', `${name} — ${title} (${Math.round(seconds)} s)`];
  if (result === null) return [...head, `  FAILED: ${error}`];
  const rows = [
    ...result.figures.map(({ name, value, unit }) => [name, text(value), unit]),
    ...result.ratios.map(({ name, value, goal, isMet }) => [name, text(value), verdict(goal, isMet)]),
  ];
  const nameWidth = Math.max(...rows.map(([name = '']) => name.length));
  const valueWidth = Math.max(...rows.map(([, value = '']) => value.length));
  return [
    ...head,
    ...rows.map(([name = '', value = '', rest = '']) =>
      `  ${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}  ${rest}`.trimEnd(),
    ),
    ...result.notes.map((note) => `  * ${note}`),
  ];
}

/** Three digits, more where the number has them before its point. */
function text(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}

function verdict(goal: Goal | null, isMet: boolean | null): string {
  if (goal === null) return '×';
  return `× (goal ${goal.is} ${goal.bound}: ${isMet ? 'met' : 'MISSED'})`;
}
