// Changes of the fleet, handled so that none holds up another: a group's documents together; by halves when that fails; and
// what still fails, or finds no time, is put off into the queue. There a trouble that passes is waited for, a day at most; what fails
// then, or for another reason, is tried as often as the host allows, and then is a dead letter.
import { z } from 'zod';
import { instantSchema } from '../api/fields.ts';
import { addMinutes } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { FleetDocument } from '../ports/document-store.ts';
import { CONSUMER_NAMES, CONSUMERS } from './consumers.ts';
import type { ConsumerName } from './consumers.ts';
import type { System } from './system.ts';
import { forEver, requireTime, WAIT_SECONDS, waitSecondsAfter } from './waits.ts';
import type { MayGoOn } from './waits.ts';

/** In one message, by their ids: far below what a message holds. */
const DOCUMENTS_MAX = 100;
/** What still fails then is no moment's trouble, whatever it looks like. */
const WAIT_MINUTES_MAX = 24 * 60;
/** Handled at a time: a store that makes each wait makes all of them wait little longer. */
const GROUPS_AT_A_TIME = 8;

/** What the queue holds of changes that are put off. Fields of later versions are passed over. */
const messageSchema = z.object({
  consumer: z.enum(CONSUMER_NAMES),
  groupId: z.string(),
  documentIds: z.array(z.string()).min(1),
  /** Absent in messages of earlier versions: they count from when they are seen. */
  firstPutOffOn: instantSchema.optional(),
});

type Message = z.infer<typeof messageSchema>;

/** Documents that could not be handled for now. */
export interface PutOff {
  readonly groupId: string;
  readonly documentIds: readonly string[];
  readonly afterSeconds: number;
  /** Whether only the moment was bad. */
  readonly isPassing: boolean;
  readonly error: unknown;
}

/**
 * Handles changes that the feed shows, several groups at a time, and answers what was put off: each as soon as it failed, and
 * untried what there is no time for.
 * @throws AggregateError when some could be neither handled nor put off: all must be shown again.
 */
export async function handleChanges(
  system: System,
  consumer: ConsumerName,
  documents: readonly FleetDocument[],
  mayGoOn: MayGoOn = forEver,
): Promise<readonly PutOff[]> {
  const { concerns, handle } = CONSUMERS[consumer];
  const left: PutOff[] = [];
  const refusals: unknown[] = [];
  // One iterator for all: each takes the next group that nobody has taken.
  const groups = Map.groupBy(documents.filter(concerns), (document) => document.groupId).entries();
  async function handleGroups(): Promise<void> {
    for (const [groupId, ofGroup] of groups) {
      const work = (some: readonly FleetDocument[]) => handle(system, groupId, some, mayGoOn);
      const ofThis = await leftOf(groupId, ofGroup, work, mayGoOn);
      left.push(...ofThis);
      // Once the queue has refused, all are shown again: others are handled, and it is asked no more.
      if (refusals.length > 0) continue;
      await putOff(system, consumer, ofThis, system.clock.now()).catch((error: unknown) =>
        refusals.push(error),
      );
    }
  }
  await Promise.all(Array.from({ length: GROUPS_AT_A_TIME }, handleGroups));
  if (refusals.length === 0) return left;
  throw new AggregateError(
    [...refusals, ...left.map(({ error }) => error)],
    `${left.length} groups or documents could be neither handled nor put off`,
    { cause: refusals[0] },
  );
}

/**
 * Handles what was put off, as the queue gives it back, and answers what is put off again.
 * @throws ZodError for what is no message of ours, or not of this version; what handling threw when waiting does not mend it,
 * or has not for a day: whoever shows the message again counts how often.
 */
export async function retryChanges(
  system: System,
  message: unknown,
  mayGoOn: MayGoOn = forEver,
): Promise<readonly PutOff[]> {
  const now = system.clock.now();
  const { consumer, groupId, documentIds, firstPutOffOn = now } = messageSchema.parse(message);
  const items = documentIds.map((id) => ({ id }));
  const work = (some: readonly { readonly id: string }[]) =>
    CONSUMERS[consumer].retry(
      system,
      groupId,
      some.map(({ id }) => id),
      mayGoOn,
    );
  const left = await leftOf(groupId, items, work, mayGoOn);
  const isOld = now >= addMinutes(firstPutOffOn, WAIT_MINUTES_MAX);
  // What waiting does not mend is put off once more, to be on its own.
  const hopeless = left.find(({ isPassing }) => (isPassing ? isOld : documentIds.length === 1));
  if (hopeless !== undefined) throw hopeless.error;
  await putOff(system, consumer, left, firstPutOffOn);
  return left;
}

/** Does the work on all items of a group together; when that fails though waiting does not mend it, on either half of them. */
async function leftOf<Item extends { readonly id: string }>(
  groupId: string,
  items: readonly Item[],
  work: (items: readonly Item[]) => Promise<void>,
  mayGoOn: MayGoOn,
): Promise<PutOff[]> {
  try {
    requireTime(mayGoOn);
    await work(items);
    return [];
  } catch (error) {
    const waitSeconds = waitSecondsAfter(error);
    if (waitSeconds !== null || items.length === 1) {
      return [
        {
          groupId,
          documentIds: items.map(({ id }) => id),
          afterSeconds: waitSeconds ?? WAIT_SECONDS,
          isPassing: waitSeconds !== null,
          error,
        },
      ];
    }
  }
  const half = Math.ceil(items.length / 2);
  return [
    ...(await leftOf(groupId, items.slice(0, half), work, mayGoOn)),
    ...(await leftOf(groupId, items.slice(half), work, mayGoOn)),
  ];
}

async function putOff(
  system: System,
  consumer: ConsumerName,
  all: readonly PutOff[],
  firstPutOffOn: Instant,
): Promise<void> {
  for (const { groupId, documentIds, afterSeconds } of all) {
    for (let start = 0; start < documentIds.length; start += DOCUMENTS_MAX) {
      const message: Message = {
        consumer,
        groupId,
        documentIds: documentIds.slice(start, start + DOCUMENTS_MAX),
        firstPutOffOn,
      };
      await system.queue.send(message, afterSeconds);
    }
  }
}
