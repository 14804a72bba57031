// One check-in, as a person's command or a scheduler's.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { Agent } from './agent.ts';
import { checkIn } from './check-in.ts';
import { openMachine } from './machine-context.ts';

/** @throws what `checkIn` throws. */
export async function checkInOnce(agent: Agent): Promise<CheckInAnswer> {
  return agent.folder.exclusively(async () => checkIn(await openMachine(agent)));
}
