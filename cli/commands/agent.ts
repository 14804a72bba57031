// `keyturn agent …`: a machine's own commands.
import { Command } from 'commander';
import type { Agent } from '../agent/agent.ts';
import type { AgentEvent } from '../agent/agent-events.ts';
import type { GroupPasswordSource } from '../agent/passwords.ts';
import type { Terminal } from '../terminal.ts';
import type { World } from '../world.ts';

interface FolderOptions {
  readonly folder?: string;
  readonly agentVersion?: string;
}

interface PasswordOptions extends FolderOptions {
  readonly passwordStdin?: boolean;
}

const PASSWORD_STDIN = ['--password-stdin', 'read the password from stdin instead of asking'] as const;

/** Where the agent's events go: the result of the command, or beside it. */
type Timeline = 'result' | 'jsonResult' | 'notes';

export function agentCommand(world: World, terminal: Terminal): Command {
  const agent = new Command('agent').description('what runs on a machine of a group').helpCommand(false);

  async function compose(options: FolderOptions, timeline: Timeline): Promise<Agent> {
    const { composeAgent } = await import('../compose.ts');
    const { printEvent } = await import('../agent-output.ts');
    const composed = await composeAgent(world, options, {
      report: (event: AgentEvent) => printEvent(terminal, timeline, composed.clock.now(), event),
      onWait: (message) => terminal.note(message),
    });
    return composed;
  }

  async function passwordFrom(options: PasswordOptions): Promise<GroupPasswordSource> {
    const { groupPassword } = await import('../group-password.ts');
    return groupPassword(terminal, options);
  }

  const parts = { world, terminal, compose, passwordFrom };
  for (const add of [join, run, checkIn, status, regeneratePassword, rejoin, leave, exportPfx]) {
    agent.addCommand(
      add(parts)
        .option('--folder <path>', 'the agent’s folder (KEYTURN_AGENT_FOLDER; ~/.keyturn/agent)')
        .option('--agent-version <version>', 'the version to report, for tests (KEYTURN_AGENT_VERSION)'),
    );
  }
  return agent;
}

interface Parts {
  readonly world: World;
  readonly terminal: Terminal;
  readonly compose: (options: FolderOptions, timeline: Timeline) => Promise<Agent>;
  readonly passwordFrom: (options: PasswordOptions) => Promise<GroupPasswordSource>;
}

function join({ world, compose, passwordFrom }: Parts): Command {
  return new Command('join')
    .description('makes this machine a member of a group; may be repeated when cut off')
    .requiredOption('--token <token>', 'enrollment token, from keyturn groups enroll')
    .option('--server <url>', 'the service (KEYTURN_SERVER; http://127.0.0.1:7071)')
    .option('--name <name>', 'the machine’s name for people, 1 to 100 characters (the host’s name)')
    .option(...PASSWORD_STDIN)
    .addHelpText(
      'after',
      `
The group’s first machine makes its key and sets its password: the one on stdin, or a generated one, which is
printed once. Every other machine needs that password.

Examples:
  keyturn agent join --server https://keyturn.example.com --token kt1.…
  keyturn agent join --token kt1.… --name press-7 --password-stdin < password.txt`,
    )
    .action(async (options: PasswordOptions & { token: string; server?: string; name?: string }) => {
      const { serverAddress } = await import('../compose.ts');
      const { machineName } = await import('../machine-name.ts');
      const agentJoin = await import('../agent/join.ts');
      const server = serverAddress(options.server, world);
      const name = machineName(options.name);
      const agent = await compose(options, 'notes');
      const password = await passwordFrom(options);
      await agentJoin.join(agent, { server, enrollmentToken: options.token, name, password });
    });
}

function run({ world, compose }: Parts): Command {
  return new Command('run')
    .description('stays, checks in when the service says, and renews what is to be renewed')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Ends on SIGTERM or SIGINT, and by itself only when waiting cannot help: the machine was removed or its
group deleted (exit code 9).

Examples:
  keyturn agent run
  keyturn agent run --folder /var/lib/keyturn --json`,
    )
    .action(async (options: FolderOptions & { json?: boolean }) => {
      const { runDaemon } = await import('../agent/daemon.ts');
      await runDaemon(await compose(options, options.json ? 'jsonResult' : 'result'), world.stop());
    });
}

function checkIn({ terminal, compose }: Parts): Command {
  return new Command('check-in')
    .description('checks in once, and does what is asked')
    .option('--json', 'print the service’s answer, with what was done since in it')
    .addHelpText(
      'after',
      `
Exit code 6 says that a person is needed: to update the agent or to rejoin.

Examples:
  keyturn agent check-in
  keyturn agent check-in --json`,
    )
    .action(async (options: FolderOptions & { json?: boolean }) => {
      const { checkInOnce } = await import('../agent/check-in-once.ts');
      const { printAnswer, requireNoPerson } = await import('../agent-output.ts');
      const answer = await checkInOnce(await compose(options, 'notes'));
      printAnswer(terminal, answer, options.json === true);
      requireNoPerson(answer);
    });
}

function status({ terminal, compose }: Parts): Command {
  return new Command('status')
    .description('what this machine knows of itself; asks nobody')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExamples:\n  keyturn agent status\n  keyturn agent status --json')
    .action(async (options: FolderOptions & { json?: boolean }) => {
      const { agentStatus } = await import('../agent/status.ts');
      const { printStatus } = await import('../agent-output.ts');
      const agent = await compose(options, 'notes');
      printStatus(terminal, await agentStatus(agent), agent.clock.now(), options.json === true);
    });
}

function regeneratePassword({ terminal, compose, passwordFrom }: Parts): Command {
  return new Command('regenerate-password')
    .description('sets a new group password, on a machine that holds the newest key')
    .option('--password-stdin', 'read the new password from stdin instead of generating one')
    .addHelpText(
      'after',
      `
The password before opens nothing any more. A generated one is printed once.

Examples:
  keyturn agent regenerate-password
  keyturn agent regenerate-password --password-stdin < password.txt`,
    )
    .action(async (options: PasswordOptions) => {
      const regenerate = await import('../agent/regenerate-password.ts');
      const agent = await compose(options, 'notes');
      const { version } = await regenerate.regeneratePassword(agent, await passwordFrom(options));
      terminal.note(`The group password opens version ${version} of the key.`);
    });
}

function rejoin({ terminal, compose, passwordFrom }: Parts): Command {
  return new Command('rejoin')
    .description('comes back, as the same machine, after a missed renewal')
    .option(...PASSWORD_STDIN)
    .addHelpText(
      'after',
      `
Needs the group password, regenerated since the renewal on a machine that is up to date.

Examples:
  keyturn agent rejoin
  keyturn agent rejoin --password-stdin < password.txt`,
    )
    .action(async (options: PasswordOptions) => {
      const agentRejoin = await import('../agent/rejoin.ts');
      const { printAnswer, requireNoPerson } = await import('../agent-output.ts');
      const agent = await compose(options, 'notes');
      const answer = await agentRejoin.rejoin(agent, await passwordFrom(options));
      printAnswer(terminal, answer, false);
      requireNoPerson(answer);
    });
}

function leave({ terminal, compose }: Parts): Command {
  return new Command('leave')
    .description('leaves the group and deletes the keys here')
    .option('--yes', 'do not ask')
    .option('--force', 'forget the group here even if the service cannot be told')
    .addHelpText(
      'after',
      `
The keys in the folder are deleted for good. To come back, the machine joins as a new one, by token and
password.

Examples:
  keyturn agent leave
  keyturn agent leave --yes --force`,
    )
    .action(async (options: FolderOptions & { force?: boolean; yes?: boolean }) => {
      const agentLeave = await import('../agent/leave.ts');
      const { confirm } = await import('../people-commands.ts');
      const agent = await compose(options, 'notes');
      const question = `Leave the group, and delete the keys in ${agent.folder.path}?`;
      await confirm(terminal, question, options.yes === true);
      const { told, wasMember } = await agentLeave.leave(agent, options.force === true);
      if (!wasMember) terminal.note('This machine had not joined a group; its folder is emptied.');
      else if (told) terminal.note('This machine has left its group; its keys are deleted.');
      else {
        terminal.note(
          terminal.commands('The keys are deleted here. Have the machine removed: keyturn machines remove'),
        );
      }
    });
}

function exportPfx({ terminal, world, compose }: Parts): Command {
  return new Command('export-pfx')
    .description('writes the group’s newest key to a PKCS#12 file, for other programs')
    .requiredOption('--out <file>', 'the file to write; it must not exist')
    .option(...PASSWORD_STDIN)
    .addHelpText(
      'after',
      `
The password protects the file; it need not be the group password.

Examples:
  keyturn agent export-pfx --out group.pfx
  keyturn agent export-pfx --out group.pfx --password-stdin < file-password.txt`,
    )
    .action(async (options: PasswordOptions & { out: string }) => {
      const { exportNewestKey } = await import('../agent/export-pfx.ts');
      const { filePassword } = await import('../group-password.ts');
      const { writeNewFile } = await import('../new-file.ts');
      const agent = await compose(options, 'notes');
      const { version, pfx } = await exportNewestKey(agent, () => filePassword(terminal, options));
      const path = await writeNewFile(world.cwd, options.out, pfx);
      terminal.note(`Version ${version} of the key is in ${path}.`);
    });
}
