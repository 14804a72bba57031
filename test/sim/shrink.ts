// From a history that shows a violation to the shortest part of it that still shows it: delta debugging (Zeller and
// Hildebrandt, 2002), over the numbers of a seed's actions.

/**
 * A part of `items`, in their order, for which `fails` still holds and of which no single item can be left out; or, when
 * `mayGoOn` says no before that, the shortest that was found. `fails(items)` is taken for granted.
 */
export async function shortest<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
  mayGoOn: () => boolean,
): Promise<readonly T[]> {
  let kept = items;
  let chunk = Math.ceil(kept.length / 2);
  while (kept.length > 0 && mayGoOn()) {
    const smaller = await withoutOneChunk(kept, chunk, fails, mayGoOn);
    if (smaller !== null) kept = smaller;
    else if (chunk === 1) break;
    else chunk = Math.ceil(chunk / 2);
    chunk = Math.max(1, Math.min(chunk, kept.length));
  }
  return kept;
}

async function withoutOneChunk<T>(
  items: readonly T[],
  chunk: number,
  fails: (part: readonly T[]) => Promise<boolean>,
  mayGoOn: () => boolean,
): Promise<readonly T[] | null> {
  // From the end: what came last is what most often has nothing to do with it.
  for (let end = items.length; end > 0 && mayGoOn(); end -= chunk) {
    const part = [...items.slice(0, Math.max(0, end - chunk)), ...items.slice(end)];
    if (await fails(part)) return part;
  }
  return null;
}
