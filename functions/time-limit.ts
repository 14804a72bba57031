// How long a function goes on: it ends well before the host would end it, with its worker and whatever else that does.

/** Answers true for so long from now. */
export function timeLimit(milliseconds: number): () => boolean {
  const startedAt = performance.now();
  return () => performance.now() - startedAt < milliseconds;
}

/** For changes: what is begun then, and putting off the rest, may take as long again and more. */
export const HANDLING_MILLISECONDS = 60_000;
