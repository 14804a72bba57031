// Shows that the invariants bite: each deliberate defect must be caught by one that it names, and each invariant must catch one.
import { MUTATIONS } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import type { RunResult } from './run.ts';
import { orderOf } from './simulating.ts';
import type { SimulationOptions } from './simulating.ts';
import { INVARIANTS } from './violations.ts';
import type { Invariant } from './violations.ts';
import { runOrders } from './workers.ts';

const INVARIANT_NAMES = Object.keys(INVARIANTS) as Invariant[];

/** Tries every mutation, or the one that is named, in up to `seeds` worlds. */
export async function catchMutations(options: SimulationOptions): Promise<boolean> {
  const mutations = MUTATIONS.filter(({ name }) => options.mutation === null || options.mutation === name);
  const bitten = new Set<Invariant>();
  let missed = 0;
  for (const mutation of mutations) {
    const found = await firstBroken(mutation, options);
    if (found !== null && mutation.breaks.includes(found)) bitten.add(found);
    else missed += 1;
  }
  console.log(
    `${mutations.length - missed} of ${mutations.length} deliberate defects were caught, by ${bitten.size} of ${INVARIANT_NAMES.length} invariants`,
  );
  if (options.mutation !== null) return missed === 0;
  const toothless = INVARIANT_NAMES.filter((name) => !bitten.has(name));
  for (const name of toothless) console.log(`no defect broke ${name}`);
  return missed === 0 && toothless.length === 0;
}

function lowestBroken(results: readonly RunResult[]): RunResult | undefined {
  return results
    .filter(({ violation }) => violation !== null)
    .toSorted((one, other) => one.seed - other.seed)[0];
}

/** Once every seed below the broken one is done: so the answer is the same whichever process was faster. */
function isDecided(results: readonly RunResult[]): boolean {
  const lowest = lowestBroken(results);
  return lowest !== undefined && results.filter(({ seed }) => seed < lowest.seed).length === lowest.seed - 1;
}

/** The invariant that a defect broke first; null for none in as many worlds as are tried. */
async function firstBroken(mutation: Mutation, options: SimulationOptions): Promise<Invariant | null> {
  const startedAt = performance.now();
  const results: RunResult[] = [];
  const orders = Array.from({ length: options.seeds }, (_, index) => orderOf(index + 1, options, 0));
  await runOrders({ crypto: options.crypto ?? 'stand-in', mutation: mutation.name }, orders, ({ result }) => {
    results.push(result);
    return !isDecided(results);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const caught = lowestBroken(results);
  if (!caught?.violation) {
    console.log(`✗ ${mutation.name}: not caught in ${results.length} worlds (${seconds} s)`);
    return null;
  }
  const { invariant, detail } = caught.violation;
  const isRight = mutation.breaks.includes(invariant);
  console.log(`${isRight ? '✓' : '✗'} ${mutation.name}: ${invariant}, seed ${caught.seed} (${seconds} s)`);
  if (!isRight) console.log(`  not by ${mutation.breaks.join(' or ')}: ${detail}`);
  return invariant;
}
