// The whole command line as one function. What a command needs is loaded when it runs, so that help and errors are quick.
import { Command, CommanderError } from 'commander';
import type { Instant } from '../shared/domain/instant.ts';
import { VERSION } from '../shared/version.ts';
import { agentCommand } from './commands/agent.ts';
import { deadLettersCommand } from './commands/dead-letters.ts';
import { eventsCommand } from './commands/events.ts';
import { groupsCommand } from './commands/groups.ts';
import { machinesCommand } from './commands/machines.ts';
import type { ErrorContext } from './error-description.ts';
import { exitCode, exitCodesHelp } from './exit-codes.ts';
import { streamTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import type { World } from './world.ts';

const EXAMPLES = `
Examples:
  keyturn groups create "Invoice robots"
  keyturn groups enroll "Invoice robots"
  keyturn agent join --server https://keyturn.example.com --token kt1.…
  keyturn agent run
  keyturn groups show "Invoice robots"

${exitCodesHelp()}`;

/** Runs a command line and answers its exit code. */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  const terminal = streamTerminal(world.streams, world.env);
  const program = newProgram(world, terminal);
  let caller: ErrorContext['caller'] = 'person';
  program.hook('preAction', (_, action) => {
    if (action.parent?.name() === 'agent') caller = 'machine';
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode('ok');
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode('ok') : exitCode('usage');
    const { debug = false } = program.opts<{ debug?: boolean }>();
    return explain(error, { world, terminal, caller, debug });
  }
}

function newProgram(world: World, terminal: Terminal): Command {
  const program = new Command('keyturn')
    .description('Renews the certificate that a group of machines shares, without stopping their work.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--debug', 'show where an unexpected error comes from')
    .addHelpText('after', EXAMPLES);
  for (const add of [agentCommand, groupsCommand, machinesCommand, eventsCommand, deadLettersCommand]) {
    program.addCommand(add(world, terminal));
  }
  configure(program, terminal, world);
  return program;
}

function configure(command: Command, terminal: Terminal, world: World): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.streams.stdout.write(text),
      writeErr: (text) => void world.streams.stderr.write(text),
      outputError: (text) => {
        terminal.note(`keyturn: ${text.trim()}`);
        terminal.note(terminal.commands(`hint: keyturn ${commandPath(command)}--help`));
      },
    })
    .helpOption('-h, --help', 'print this help');
  for (const child of command.commands) configure(child, terminal, world);
}

function commandPath(command: Command): string {
  return command.parent === null ? '' : `${commandPath(command.parent)}${command.name()} `;
}

interface Explanation {
  readonly world: World;
  readonly terminal: Terminal;
  readonly caller: ErrorContext['caller'];
  readonly debug: boolean;
}

async function explain(error: unknown, { world, terminal, caller, debug }: Explanation): Promise<number> {
  const { describeError } = await import('./error-description.ts');
  const { message, hint, exit } = describeError(error, { caller, now: await presentInstant(world) });
  // Whoever pressed Ctrl-C knows why it ended.
  if (exit === 'interrupted') return exitCode(exit);
  terminal.note(`${terminal.noteStyle(['red', 'bold'], 'keyturn: error:')} ${message}`);
  if (hint !== null) terminal.note(`${terminal.noteStyle('dim', 'hint:')} ${terminal.commands(hint)}`);
  if (debug) terminal.note(error instanceof Error ? (error.stack ?? '') : String(error));
  return exitCode(exit);
}

async function presentInstant(world: World): Promise<Instant> {
  const { composeClock } = await import('./compose.ts');
  try {
    return (await composeClock(world)).now();
  } catch {
    // The virtual clock is what is wrong, and what is being explained.
    return (await composeClock({ ...world, env: {} })).now();
  }
}
