// One check-in, as a person's command or a scheduler's.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { Agent } from './agent.ts';
import { openJoined } from './machine-context.ts';
import { memberCheckIn } from './member-check-in.ts';

/** @throws what `checkIn` throws. */
export async function checkInOnce(agent: Agent): Promise<CheckInAnswer> {
  return agent.folder.exclusively(async () => memberCheckIn(await openJoined(agent)));
}
