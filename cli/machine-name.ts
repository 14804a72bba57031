// A machine's name for people.
import { hostname } from 'node:os';
import { nameSchema } from '../shared/api/fields.ts';
import { Failure } from './failure.ts';

/** The name that was given, or the host's. @throws Failure `usage`. */
export function machineName(given: string | undefined): string {
  const name = nameSchema.safeParse(given ?? hostname());
  if (name.success) return name.data;
  throw new Failure('usage', 'A machine’s name is one line of 1 to 100 characters', 'Give one with --name.');
}
