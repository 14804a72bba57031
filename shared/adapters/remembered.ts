// The outcome of work that is asked for more often than it should be done, such as by callers nobody knows.

/**
 * Does `work` at most once at a time, and gives its outcome, a failure too, to all who ask until `milliseconds` after it
 * came. `now` counts milliseconds from anywhere; it is no clock.
 */
export function remembered<T>(
  work: () => Promise<T>,
  milliseconds: number,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let outcome: Promise<T> | null = null;
  let staleAt = Infinity;

  return () => {
    if (outcome !== null && now() < staleAt) return outcome;
    staleAt = Infinity;
    outcome = work().finally(() => {
      staleAt = now() + milliseconds;
    });
    return outcome;
  };
}
