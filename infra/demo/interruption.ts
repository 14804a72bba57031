// What ends the demonstration early: a signal, or a reader who has had enough.

/** As a shell gives them: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 } as const;

/** Resolves, at the first interruption, with the exit code for it. From the call on, none ends the process by itself. */
export function interruption(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(EXIT_CODES[signal]));
  process.stdout.on('error', () => resolve(EXIT_CODES.SIGPIPE));
  return promise;
}
