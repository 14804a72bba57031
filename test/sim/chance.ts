// All chance of a simulated world: numbers that follow from the seed alone. What the product draws by `node:crypto` comes
// from here too, so that ids, challenges and pauses are the same in every run of a seed.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class Chance {
  readonly #generator;

  /** Streams of other names are unrelated. */
  constructor(seed: number, ...stream: number[]) {
    this.#generator = xoroshiro128plus([seed, ...stream].reduce(mixed, 0x9e3779b9));
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  /** True `percent` times of a hundred. */
  percent(percent: number): boolean {
    return percent > 0 && this.integer(1, 10_000) <= percent * 100;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.integer(0, 255)));
  }
}

function mixed(hash: number, part: number): number {
  let next = Math.imul(hash ^ part, 0x85ebca6b);
  next = Math.imul(next ^ (next >>> 13), 0xc2b2ae35);
  return next ^ (next >>> 16);
}

/** What of Node's own modules the product draws chance and pauses from. */
interface Replaced {
  readonly chance: () => Chance;
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Has the product draw from `chance`, and pause by `pause`, for the rest of the process. */
export function replaceChanceAndPauses({ chance, pause }: Replaced): void {
  const require = createRequire(import.meta.url);
  Object.assign(require('node:crypto') as object, {
    randomBytes: (count: number) => chance().bytes(count),
    randomInt: (bound: number) => chance().integer(0, Math.max(1, bound) - 1),
    randomUUID: () => toUuid(chance().bytes(16)),
  });
  Object.assign(require('node:timers/promises') as object, { setTimeout: pause });
  syncBuiltinESMExports();
  // Of each call's timeout; a simulated network loses answers by itself.
  AbortSignal.timeout = () => new AbortController().signal;
}

function toUuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
