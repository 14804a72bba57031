// `keyturn groups …`: people's commands about groups.
import { Command } from 'commander';
import type { GroupView } from '../../shared/api/group.ts';
import {
  confirm,
  parseCount,
  parseLifetime,
  parseName,
  parsePeriodOption,
  parseUses,
  printJson,
  withJson,
  withSignIn,
} from '../people-commands.ts';
import type { ListOptions } from '../people-commands.ts';
import type { PeopleSession } from '../people-session.ts';
import type { SignInOptions } from '../sign-in.ts';
import type { Terminal } from '../terminal.ts';
import type { World } from '../world.ts';

interface Options extends SignInOptions, ListOptions {}

interface PolicyOptions extends Options {
  readonly validity?: number;
  readonly grace?: number;
}

interface Parts {
  readonly world: World;
  readonly terminal: Terminal;
}

export function groupsCommand(world: World, terminal: Terminal): Command {
  const groups = new Command('groups').description('groups of machines that share a key').helpCommand(false);
  const parts = { world, terminal };
  for (const add of [create, list, show, setPolicy, renew, enroll]) {
    groups.addCommand(withJson(withSignIn(add(parts))));
  }
  return groups.addCommand(withSignIn(remove(parts)));
}

async function signIn(world: World, options: SignInOptions): Promise<PeopleSession> {
  const { peopleSession } = await import('../people-session.ts');
  return peopleSession(world, options);
}

async function find(session: PeopleSession, reference: string): Promise<GroupView> {
  const { findGroup } = await import('../find.ts');
  return findGroup(session, reference);
}

async function print(
  { terminal }: Parts,
  session: PeopleSession,
  group: GroupView,
  options: Options,
): Promise<void> {
  if (options.json === true) return printJson(terminal, group);
  const { printGroup } = await import('../group-output.ts');
  printGroup(terminal, group, session.clock.now());
}

function policyOf({ validity, grace }: PolicyOptions) {
  return {
    ...(validity !== undefined && { groupKeyValidityPeriod: validity }),
    ...(grace !== undefined && { groupKeyExpiryGracePeriod: grace }),
  };
}

function withPolicy(command: Command): Command {
  return command
    .option('--validity <period>', 'how long a key is valid, 90d to 1825d', parsePeriodOption)
    .option(
      '--grace <period>',
      'how long before that its renewal begins, 45d to half of it',
      parsePeriodOption,
    );
}

function create(parts: Parts): Command {
  return withPolicy(
    new Command('create')
      .description('creates a group; its first machine makes the key')
      .argument('<name>', '1 to 100 characters; need not be the only one', parseName)
      .option('--description <text>', 'for people'),
  )
    .addHelpText(
      'after',
      `
Periods are like 90d, 12w, 36h, or plain minutes.

Examples:
  keyturn groups create "Invoice robots"
  keyturn groups create press --validity 365d --grace 60d --description "Hall 3"`,
    )
    .action(async (name: string, options: PolicyOptions & { description?: string }) => {
      const session = await signIn(parts.world, options);
      const { description } = options;
      const body = { name, ...(description !== undefined && { description }), ...policyOf(options) };
      const group = await session.call('createGroup', { body });
      await print(parts, session, group, options);
      parts.terminal.note(
        parts.terminal.commands(`To let machines join: keyturn groups enroll ${shellWord(group.name)}`),
      );
    });
}

function list(parts: Parts): Command {
  return new Command('list')
    .description('lists groups')
    .option('--status <status>', 'only NoKey, Active, Renewing or KeyExpired')
    .option('--limit <count>', 'at most this many', parseCount)
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn groups list\n  keyturn groups list --status Renewing --json',
    )
    .action(async (options: Options & { status?: string }) => {
      const { groupStatusSchema } = await import('../../shared/api/group.ts');
      const { Failure } = await import('../failure.ts');
      const given = options.status?.toLowerCase();
      const status = groupStatusSchema.options.find((name) => name.toLowerCase() === given);
      if (given !== undefined && status === undefined) {
        throw new Failure('usage', `A group’s status is ${groupStatusSchema.options.join(', ')}`);
      }
      const session = await signIn(parts.world, options);
      const query = status === undefined ? {} : { status };
      const groups = await session.list('listGroups', { query }, options.limit);
      if (options.json === true) return printJson(parts.terminal, groups);
      const { printGroups } = await import('../group-output.ts');
      return printGroups(parts.terminal, groups, session.clock.now());
    });
}

function show(parts: Parts): Command {
  return new Command('show')
    .description('a group: what it is doing, what comes next, and why')
    .argument('<group>', 'its id or name')
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn groups show "Invoice robots"\n  keyturn groups show press --json',
    )
    .action(async (reference: string, options: Options) => {
      const session = await signIn(parts.world, options);
      await print(parts, session, await find(session, reference), options);
    });
}

function setPolicy(parts: Parts): Command {
  return withPolicy(
    new Command('set-policy')
      .description('changes how long the next key is valid and when its renewal begins')
      .argument('<group>', 'its id or name'),
  )
    .addHelpText(
      'after',
      `
The present key keeps its own expiry. A shorter validity or a longer grace period may make its renewal due
at once; a longer validity changes nothing before the next renewal.

Examples:
  keyturn groups set-policy press --validity 365d --grace 60d`,
    )
    .action(async (reference: string, options: PolicyOptions) => {
      const { Failure } = await import('../failure.ts');
      const body = policyOf(options);
      if (Object.keys(body).length === 0) throw new Failure('usage', 'Give --validity, --grace, or both');
      const session = await signIn(parts.world, options);
      const { id } = await find(session, reference);
      const group = await session.call('updateGroup', { params: { groupId: id }, body });
      await print(parts, session, group, options);
    });
}

function renew(parts: Parts): Command {
  return new Command('renew')
    .description('opens a renewal window now')
    .argument('<group>', 'its id or name')
    .addHelpText(
      'after',
      `
The next machine to check in makes the new key; both keys are honoured until the window ends. Machines
check in within 75 minutes by default; keyturn agent check-in on a machine speeds it up.

Examples:
  keyturn groups renew press`,
    )
    .action(async (reference: string, options: Options) => {
      const session = await signIn(parts.world, options);
      const { id } = await find(session, reference);
      const group = await session.call('openRenewal', { params: { groupId: id } });
      await print(parts, session, group, options);
    });
}

function enroll(parts: Parts): Command {
  return new Command('enroll')
    .description('makes an enrollment token, with which machines may join; it is shown once')
    .argument('<group>', 'its id or name')
    .option('--lifetime <period>', 'how long it is good for, 5m to 30d (1d)', parseLifetime)
    .option('--uses <count>', 'how many machines it admits, 1 to 10000 (50)', parseUses)
    .addHelpText(
      'after',
      `
Machines after the first also need the group password.

Examples:
  keyturn groups enroll press
  keyturn groups enroll press --lifetime 2h --uses 3`,
    )
    .action(async (reference: string, options: Options & { lifetime?: number; uses?: number }) => {
      const { terminal, world } = parts;
      const session = await signIn(world, options);
      const { id, name, passwordStale } = await find(session, reference);
      const { lifetime: lifetimeMinutes, uses } = options;
      const made = await session.call('createEnrollmentToken', {
        params: { groupId: id },
        body: {
          ...(lifetimeMinutes !== undefined && { lifetimeMinutes }),
          ...(uses !== undefined && { uses }),
        },
      });
      if (options.json === true) return printJson(terminal, made);
      terminal.print(made.token);
      terminal.note(
        `Admits up to ${made.uses} ${made.uses === 1 ? 'machine' : 'machines'} to “${name}” until ${made.expiresOn}; shown this once.`,
      );
      const command = `keyturn agent join --server ${session.server} --token ${made.token}`;
      terminal.note('On each machine, which is named after its host unless --name NAME is added:');
      terminal.note(`  ${terminal.commands(command)}`);
      if (passwordStale) {
        const before = 'The group password is stale. Before: keyturn agent regenerate-password on a member.';
        terminal.note(terminal.commands(before));
      }
    });
}

function remove({ world, terminal }: Parts): Command {
  return new Command('delete')
    .description('deletes a group: its keys are invalid at once')
    .argument('<group>', 'its id or name')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  keyturn groups delete press\n  keyturn groups delete press --yes')
    .action(async (reference: string, options: Options & { yes?: boolean }) => {
      const session = await signIn(world, options);
      const { id, name, machineCount } = await find(session, reference);
      const count = machineCount === 1 ? 'its machine' : `its ${machineCount} machines`;
      const question = `Delete group “${name}” (${id})? Its keys become invalid at once, for ${count}.`;
      await confirm(terminal, question, options.yes === true);
      await session.call('deleteGroup', { params: { groupId: id } });
      terminal.note(`Group “${name}” (${id}) is deleted.`);
    });
}

/** As a shell reads it back. */
function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
