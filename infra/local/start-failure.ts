/** What ends the program; each is documented in its help. */
export const EXIT_CODES = {
  failed: 1,
  usage: 2,
  locked: 3,
  dataUnusable: 4,
  portInUse: 5,
  azurite: 6,
  cosmos: 7,
} as const;

/** Why the program cannot start, or go on, and what its user can do about it. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  readonly exitCode: number;
  readonly hint: string;
  constructor(kind: keyof typeof EXIT_CODES, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = EXIT_CODES[kind];
    this.hint = hint;
  }
}

/** Says on standard error, on two lines, what is wrong and what to do about it. */
export function tellFailure(problem: string, hint: string): void {
  process.stderr.write(`keyturn: error: ${problem}\nhint: ${hint}\n`);
}

/** The `code` of an error of Node's own, or null. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
