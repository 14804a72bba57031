// `keyturn events`: the audit trail.
import { Command } from 'commander';
import type { EventView } from '../../shared/api/event.ts';
import { parseCount, printJson, withJson, withSignIn } from '../people-commands.ts';
import type { ListOptions } from '../people-commands.ts';
import type { PeopleSession } from '../people-session.ts';
import type { SignInOptions } from '../sign-in.ts';
import type { Terminal } from '../terminal.ts';
import type { World } from '../world.ts';

interface Options extends SignInOptions, ListOptions {
  readonly group?: string;
  readonly machine?: string;
  readonly follow?: boolean;
}

const LIMIT_DEFAULT = 50;
const FOLLOW_SECONDS = 5;

export function eventsCommand(world: World, terminal: Terminal): Command {
  return withJson(withSignIn(new Command('events')))
    .description('the audit trail: what happened, when, who did it, and why')
    .option('--group <group>', 'only of this group, by id or name; by id, a deleted one’s too')
    .option('--machine <machine>', 'only about this machine, by id or name')
    .option('--limit <count>', `the latest so many (${LIMIT_DEFAULT})`, parseCount)
    .option('--follow', 'stay, and print what happens from then on')
    .addHelpText(
      'after',
      `
The latest are at the end.

Examples:
  keyturn events --group press
  keyturn events --machine press-7 --limit 10 --json
  keyturn events --follow`,
    )
    .action(async (options: Options) => {
      const { peopleSession } = await import('../people-session.ts');
      const session = await peopleSession(world, options);
      const latest = await eventsReader(session, options);
      const events = await latest(options.limit ?? LIMIT_DEFAULT);
      if (options.follow === true)
        return follow(
          session,
          latest,
          events,
          world.stop(),
          await lineOf(session, terminal, options, events),
        );
      if (options.json === true) return printJson(terminal, events);
      if (events.length === 0) return terminal.note('There are no events.');
      const line = await lineOf(session, terminal, options, events);
      for (const event of events) line(event);
    });
}

type LatestEvents = (limit: number) => Promise<EventView[]>;

/** Reads the latest events that the options ask for, the oldest first. */
async function eventsReader(session: PeopleSession, options: Options): Promise<LatestEvents> {
  const { findGroupId, findMachine } = await import('../find.ts');
  const { idSchema } = await import('../../shared/api/fields.ts');
  const { group, machine } = options;
  let groupId = group === undefined ? null : await findGroupId(session, group);
  let machineId: string | undefined = machine;
  if (machine !== undefined && !idSchema.safeParse(machine).success) {
    const found = await findMachine(session, machine, groupId);
    groupId = found.groupId;
    machineId = found.id;
  }
  const query = machineId === undefined ? {} : { machineId };
  return async (limit) => {
    const events =
      groupId === null
        ? await session.list('listEvents', { query }, limit)
        : await session.list('listGroupEvents', { params: { groupId }, query }, limit);
    return events.toReversed();
  };
}

/** Events may be written a little out of order, so each look covers more than what is new. */
const FOLLOW_LOOK = 200;

async function follow(
  session: PeopleSession,
  latest: LatestEvents,
  events: readonly EventView[],
  stop: AbortSignal,
  line: (event: EventView) => void,
): Promise<void> {
  const first = events[0]?.occurredOn ?? session.clock.now();
  const seen = new Set(events.map(eventKey));
  for (const event of events) line(event);
  while (!stop.aborted) {
    await session.clock.sleep(FOLLOW_SECONDS, stop);
    if (stop.aborted) return;
    for (const event of await latest(FOLLOW_LOOK)) {
      if (seen.has(eventKey(event)) || event.occurredOn < first) continue;
      seen.add(eventKey(event));
      line(event);
    }
  }
}

function eventKey({ groupId, id }: EventView): string {
  return `${groupId} ${id}`;
}

/** Columns of fixed width, so that lines that are printed one by one are aligned too. */
const WHAT_WIDTH = 27;

async function lineOf(
  session: PeopleSession,
  terminal: Terminal,
  { json, group }: Options,
  events: readonly EventView[],
): Promise<(event: EventView) => void> {
  if (json === true) return (event) => terminal.print(JSON.stringify(event));
  const groupOf = group === undefined ? await groupColumn(session, events) : () => '';
  return (event) => {
    const { occurredOn, kind, reason, keyDeliveryStatus } = event;
    const what =
      keyDeliveryStatus === null ? kind : `${keyDeliveryStatus.from ?? 'new'} → ${keyDeliveryStatus.to}`;
    const subject = subjectOf(event);
    const about = subject === '' ? '' : `${subject}: `;
    terminal.print(
      `${terminal.style('dim', occurredOn)}  ${groupOf(event)}${terminal.style('bold', what.padEnd(WHAT_WIDTH))}  ${about}${reason}`,
    );
  };
}

/** The machine that it is about, and who did it, where that says more. */
function subjectOf({ machineName, machineId, actor }: EventView): string {
  const machine = machineName ?? machineId;
  if (actor.kind === 'person') return [machine, `by ${actor.id}`].filter((part) => part !== null).join(', ');
  return machine ?? (actor.kind === 'machine' ? `by machine ${actor.id}` : '');
}

/** Groups by name; one that is not there any more, or not yet, by id. */
async function groupColumn(
  session: PeopleSession,
  events: readonly EventView[],
): Promise<(event: EventView) => string> {
  const names = new Map((await session.list('listGroups', {})).map(({ id, name }) => [id, name]));
  const nameOf = ({ groupId }: EventView) => names.get(groupId) ?? groupId;
  const width = Math.max(0, ...events.map((event) => Array.from(nameOf(event)).length));
  return (event) => `${nameOf(event).padEnd(width)}  `;
}
