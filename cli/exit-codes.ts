// What the command line's exit codes mean: the one table, printed by `keyturn --help`.

export const EXIT_CODES = {
  ok: [0, 'done'],
  unexpected: [1, 'something unexpected; --debug shows more'],
  usage: [2, 'the command was not given as it must be'],
  locked: [3, 'another agent works in the folder'],
  forbidden: [4, 'not signed in, not allowed, or the enrollment token does not admit'],
  notFound: [5, 'no such group, machine or key'],
  refused: [6, 'refused by a rule: stale password, expired group, rejoin or update needed, …'],
  unreachable: [7, 'the service cannot be reached or is out of order'],
  wrongPassword: [8, 'the group password is wrong'],
  gone: [9, 'the machine was removed, or its group was deleted: join anew'],
  folder: [10, 'the agent’s folder holds no joined machine, or cannot be read'],
  clock: [11, 'this machine’s clock is wrong'],
  untrusted: [12, 'the service sent a key that cannot be trusted; nothing was changed'],
  interrupted: [130, 'interrupted at a question'],
} as const satisfies Record<string, readonly [number, string]>;

export type ExitName = keyof typeof EXIT_CODES;

export function exitCode(name: ExitName): number {
  return EXIT_CODES[name][0];
}

/** For `--help`. */
export function exitCodesHelp(): string {
  const lines = Object.values(EXIT_CODES).map(
    ([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`,
  );
  return ['Exit codes:', ...lines].join('\n');
}
