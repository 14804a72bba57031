// Dead letters: what was put off and could not be handled, however often it was tried. Nothing else waits for it; people
// see how many there are, and have them tried anew once the cause is mended.
import type { z } from 'zod';
import type { deadLettersSchema, redrivenSchema } from '../api/dead-letter.ts';
import type { System } from './system.ts';

/** In one call: it must be over before whoever called gives up. */
const REDRIVEN_MAX = 200;

export async function countDeadLetters(system: System): Promise<z.input<typeof deadLettersSchema>> {
  return { count: await system.queue.deadLetters() };
}

/** Has up to 200 of them tried anew. */
export async function redriveDeadLetters(system: System): Promise<z.input<typeof redrivenSchema>> {
  return { redriven: await system.queue.redrive(REDRIVEN_MAX) };
}
