// `keyturn machines …`: people's commands about machines.
import { Command } from 'commander';
import type { MachineView } from '../../shared/api/machine.ts';
import { confirm, parseCount, printJson, withJson, withSignIn } from '../people-commands.ts';
import type { ListOptions } from '../people-commands.ts';
import type { PeopleSession } from '../people-session.ts';
import type { SignInOptions } from '../sign-in.ts';
import type { Terminal } from '../terminal.ts';
import type { World } from '../world.ts';

interface Options extends SignInOptions, ListOptions {
  readonly group?: string;
}

interface ListingOptions extends Options {
  readonly status?: string;
  readonly agentVersion?: string;
  readonly lastHeartbeatBefore?: string;
}

interface Parts {
  readonly world: World;
  readonly terminal: Terminal;
}

export function machinesCommand(world: World, terminal: Terminal): Command {
  const machines = new Command('machines').description('the machines of groups').helpCommand(false);
  const parts = { world, terminal };
  return machines
    .addCommand(withJson(withSignIn(list(parts))))
    .addCommand(withJson(withSignIn(show(parts))))
    .addCommand(withSignIn(remove(parts)));
}

async function signIn(world: World, options: SignInOptions): Promise<PeopleSession> {
  const { peopleSession } = await import('../people-session.ts');
  return peopleSession(world, options);
}

async function find(session: PeopleSession, reference: string, options: Options): Promise<MachineView> {
  const { findMachine } = await import('../find.ts');
  return findMachine(session, reference, options.group ?? null);
}

function list({ world, terminal }: Parts): Command {
  return new Command('list')
    .description('lists machines')
    .option('--group <group>', 'only of this group, by id or name')
    .option('--status <status>', 'only Default (1), PendingNewKey (2) or KeyExpired (3)')
    .option('--agent-version <version>', 'only with exactly this agent')
    .option(
      '--last-heartbeat-before <instant>',
      'only with a heartbeat before this, UTC, like 2026-11-22 or 2026-11-22T10:00:00Z; kept to a few hours',
    )
    .option('--limit <count>', 'at most this many', parseCount)
    .addHelpText(
      'after',
      `
Examples:
  keyturn machines list --group press
  keyturn machines list --status KeyExpired --json`,
    )
    .action(async (options: ListingOptions) => {
      const query = await listingQuery(options);
      const session = await signIn(world, options);
      const machines = await listed(session, query, options);
      if (options.json === true) return printJson(terminal, machines);
      const { printMachines } = await import('../machine-output.ts');
      return printMachines(terminal, machines, session.clock.now());
    });
}

async function listingQuery({ status, agentVersion, lastHeartbeatBefore }: ListingOptions) {
  const { listMachinesQuery } = await import('../../shared/api/machine.ts');
  const { Failure } = await import('../failure.ts');
  const query = listMachinesQuery.omit({ limit: true, cursor: true }).safeParse({
    keyDeliveryStatus: status,
    agentVersion,
    lastHeartbeatBefore: dayStart(lastHeartbeatBefore),
  });
  if (query.success) return query.data;
  throw new Failure(
    'usage',
    query.error.issues.map(({ path, message }) => `${OPTIONS[String(path[0])]} ${message}`).join('\n'),
  );
}

const OPTIONS: Partial<Record<string, string>> = {
  keyDeliveryStatus: '--status',
  agentVersion: '--agent-version',
  lastHeartbeatBefore: '--last-heartbeat-before',
};

/** A day stands for its start. */
function dayStart(text: string | undefined): string | undefined {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
}

async function listed(
  session: PeopleSession,
  query: Awaited<ReturnType<typeof listingQuery>>,
  { group, limit }: ListingOptions,
): Promise<MachineView[]> {
  if (group === undefined) return session.list('listMachines', { query }, limit);
  const { findGroupId } = await import('../find.ts');
  const groupId = await findGroupId(session, group);
  return session.list('listGroupMachines', { params: { groupId }, query }, limit);
}

function show({ world, terminal }: Parts): Command {
  return new Command('show')
    .description('a machine, and where it stands with its group’s key')
    .argument('<machine>', 'its id or name')
    .option('--group <group>', 'its group, by id or name: quicker, and tells namesakes apart')
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn machines show press-7\n  keyturn machines show press-7 --group press --json',
    )
    .action(async (reference: string, options: Options) => {
      const session = await signIn(world, options);
      const machine = await find(session, reference, options);
      if (options.json === true) return printJson(terminal, machine);
      const { printMachine } = await import('../machine-output.ts');
      return printMachine(terminal, machine, session.clock.now());
    });
}

function remove({ world, terminal }: Parts): Command {
  return new Command('remove')
    .description('removes a machine from its group: it is refused on its next call')
    .argument('<machine>', 'its id or name')
    .option('--group <group>', 'its group, by id or name')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
The machine keeps the group’s present key. To shut it out of what comes, renew the group:
keyturn groups renew GROUP

Examples:
  keyturn machines remove press-7
  keyturn machines remove press-7 --group press --yes`,
    )
    .action(async (reference: string, options: Options & { yes?: boolean }) => {
      const session = await signIn(world, options);
      const { id, groupId, name } = await find(session, reference, options);
      await confirm(terminal, `Remove machine “${name}” (${id}) from its group?`, options.yes === true);
      await session.call('removeMachine', { params: { groupId, machineId: id } });
      terminal.note(`Machine “${name}” (${id}) is removed; it can come back only as a new machine.`);
    });
}
