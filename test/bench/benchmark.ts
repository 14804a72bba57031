// What a benchmark is to the harness: it measures, checks that what it measured was right, and gives figures. Speed is
// never asserted: a goal that was missed is reported, and only a failed check or a crash is an error.

export interface Benchmark {
  /** For `--only`; kebab-case. */
  readonly name: string;
  /** One line: what is measured. */
  readonly title: string;
  /** @throws when the benchmark cannot run, or what it measured did not do what it should have done. */
  run(context: BenchContext): Promise<BenchResult>;
}

export interface BenchContext {
  /** 1 is the full size; smaller for tries. Sizes that it would bring to nothing stay at one: see {@link scaled}. */
  readonly scale: number;
  /** An empty folder of this benchmark's own, removed afterwards. */
  readonly folder: string;
  /** Progress, one line, to stderr. */
  readonly say: (text: string) => void;
}

export interface BenchResult {
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  /** How it was measured and what limits it, a sentence each. */
  readonly notes: readonly string[];
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Such as `req/s`, `ms`, `MiB`; empty for a count. */
  readonly unit: string;
}

export interface Ratio {
  readonly name: string;
  readonly value: number;
  readonly goal: Goal | null;
  /** Null when there is no goal. */
  readonly isMet: boolean | null;
}

export interface Goal {
  readonly is: '<=' | '>=';
  readonly bound: number;
}

export function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit };
}

/** A comparison within one run, with the goal it was to reach, if any. */
export function ratio(name: string, value: number, goal: Goal | null = null): Ratio {
  if (goal === null) return { name, value, goal, isMet: null };
  return { name, value, goal, isMet: goal.is === '<=' ? value <= goal.bound : value >= goal.bound };
}

/** `size` at the given scale, and `least` at least. */
export function scaled(size: number, scale: number, least = 1): number {
  return Math.max(least, Math.round(size * scale));
}
