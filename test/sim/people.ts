// What people of a simulated world remember, and what they do when it is shown to them.
import type { GroupPasswordSource } from '../../cli/agent/passwords.ts';
import { PERSON_TOKEN } from './service.ts';
import { PASSWORD_PREFIX } from './world.ts';
import type { World } from './world.ts';

/** People remember the passwords of a group, and try the newest first. */
export function passwordOf(world: World, groupId: string): GroupPasswordSource {
  const known = world.passwords.get(groupId) ?? [];
  world.passwords.set(groupId, known);
  let tries = 0;
  let chosen: string | null = null;
  return {
    existing: () => Promise.resolve(known[tries] ?? `${PASSWORD_PREFIX}-guessed`),
    wrong: () => ++tries < Math.min(known.length, 3),
    chosen: () => {
      if (chosen === null) {
        chosen = `${PASSWORD_PREFIX}-${known.length}`;
        known.unshift(chosen);
      }
      return Promise.resolve(chosen);
    },
    accepted: () => undefined,
  };
}

/** People have dead letters tried anew, until there are none left. */
export function redrive(world: World): void {
  world.person(async (client) => {
    let redriven;
    do ({ redriven } = await client.call('redriveDeadLetters', { token: PERSON_TOKEN }));
    while (redriven > 0);
  });
}
