// `keyturn dead-letters …`: changes that could not be handled, for people to see and to have tried anew.
import { Command } from 'commander';
import { printJson, withJson, withSignIn } from '../people-commands.ts';
import type { PeopleSession } from '../people-session.ts';
import type { SignInOptions } from '../sign-in.ts';
import type { Terminal } from '../terminal.ts';
import type { World } from '../world.ts';

interface Options extends SignInOptions {
  readonly json?: boolean;
}

interface Parts {
  readonly world: World;
  readonly terminal: Terminal;
}

export function deadLettersCommand(world: World, terminal: Terminal): Command {
  const parts = { world, terminal };
  return new Command('dead-letters')
    .description('changes that could not be handled')
    .helpCommand(false)
    .addCommand(withJson(withSignIn(count(parts))))
    .addCommand(withJson(withSignIn(redrive(parts))));
}

async function signIn(world: World, options: SignInOptions): Promise<PeopleSession> {
  const { peopleSession } = await import('../people-session.ts');
  return peopleSession(world, options);
}

function count({ world, terminal }: Parts): Command {
  return new Command('count')
    .description('how many changes could not be handled')
    .addHelpText(
      'after',
      `
A dead letter is a change, a machine's new status say, from which nothing followed, however often that was tried: nobody was
told of it, or a job stands still. The service's log says why. Nothing else waits for it.

Examples:
  keyturn dead-letters count
  keyturn dead-letters count --json`,
    )
    .action(async (options: Options) => {
      const session = await signIn(world, options);
      const answer = await session.call('countDeadLetters', {});
      if (options.json === true) return printJson(terminal, answer);
      if (answer.count === 0) return terminal.print('There are no dead letters.');
      terminal.print(countText(answer.count));
      return terminal.note(
        terminal.commands(
          'The service’s log says why. Once that is mended, have them tried anew: keyturn dead-letters redrive',
        ),
      );
    });
}

function redrive({ world, terminal }: Parts): Command {
  return new Command('redrive')
    .description('has them tried anew, all of them')
    .addHelpText(
      'after',
      `
What still cannot be handled is a dead letter again some minutes later. Nobody is told anything twice.

Examples:
  keyturn dead-letters redrive
  keyturn dead-letters redrive --json`,
    )
    .action(async (options: Options) => {
      const session = await signIn(world, options);
      const redriven = await redriveAll(session);
      if (options.json === true) return printJson(terminal, { redriven });
      if (redriven === 0) return terminal.note('There are no dead letters.');
      return terminal.note(`${countText(redriven)} will be tried anew now.`);
    });
}

/** A call takes some of them. */
async function redriveAll(session: PeopleSession): Promise<number> {
  let all = 0;
  for (;;) {
    const { redriven } = await session.call('redriveDeadLetters', {});
    if (redriven === 0) return all;
    all += redriven;
  }
}

function countText(count: number): string {
  return count === 1 ? '1 dead letter' : `${count} dead letters`;
}
