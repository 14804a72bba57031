// Changes of the fleet, handled so that none holds up another: a group's documents together; one by one when that fails; and
// what still fails is put off into the queue. There a trouble that passes is waited for as long as it lasts, and what fails
// for another reason is tried as often as the host allows, and then is a dead letter.
import { z } from 'zod';
import type { FleetDocument } from '../ports/document-store.ts';
import { CONSUMER_NAMES, CONSUMERS } from './consumers.ts';
import type { ConsumerName } from './consumers.ts';
import type { System } from './system.ts';
import { WAIT_SECONDS, waitSecondsAfter } from './waits.ts';

/** In one message, by their ids: far below what a message holds. */
const DOCUMENTS_MAX = 100;

/** What the queue holds of changes that are put off. Fields of later versions are passed over. */
const messageSchema = z.object({
  consumer: z.enum(CONSUMER_NAMES),
  groupId: z.string(),
  documentIds: z.array(z.string()).min(1),
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
 * Handles changes that the feed shows, and answers what was put off.
 * @throws AggregateError when some could be neither handled nor put off: all must be shown again.
 */
export async function handleChanges(
  system: System,
  consumer: ConsumerName,
  documents: readonly FleetDocument[],
): Promise<readonly PutOff[]> {
  const { concerns, handle } = CONSUMERS[consumer];
  const left: PutOff[] = [];
  for (const [groupId, ofGroup] of Map.groupBy(documents.filter(concerns), (document) => document.groupId)) {
    left.push(...(await leftOf(groupId, ofGroup, (some) => handle(system, groupId, some))));
  }
  try {
    for (const each of left) await putOff(system, consumer, each);
  } catch (error) {
    throw new AggregateError(
      [error, ...left.map((each) => each.error)],
      `${left.length} groups or documents could be neither handled nor put off`,
      { cause: error },
    );
  }
  return left;
}

/**
 * Handles what was put off, as the queue gives it back, and answers what is put off again.
 * @throws ZodError for what is no message of ours, or not of this version; what handling threw when waiting does not mend it.
 */
export async function retryChanges(system: System, message: unknown): Promise<readonly PutOff[]> {
  const { consumer, groupId, documentIds } = messageSchema.parse(message);
  const items = documentIds.map((id) => ({ id }));
  const left = await leftOf(groupId, items, (some) =>
    CONSUMERS[consumer].retry(
      system,
      groupId,
      some.map(({ id }) => id),
    ),
  );
  for (const each of left) {
    // On its own already: whoever shows the message again counts how often.
    if (!each.isPassing && documentIds.length === 1) throw each.error;
    await putOff(system, consumer, each);
  }
  return left;
}

/** Does the work on all items of a group together; when that fails though waiting does not mend it, on each by itself. */
async function leftOf<Item extends { readonly id: string }>(
  groupId: string,
  items: readonly Item[],
  work: (items: readonly Item[]) => Promise<void>,
): Promise<PutOff[]> {
  if (items.length === 0) return [];
  try {
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
  const left = [];
  for (const item of items) left.push(...(await leftOf(groupId, [item], work)));
  return left;
}

async function putOff(
  system: System,
  consumer: ConsumerName,
  { groupId, documentIds, afterSeconds }: PutOff,
): Promise<void> {
  for (let start = 0; start < documentIds.length; start += DOCUMENTS_MAX) {
    const message: Message = {
      consumer,
      groupId,
      documentIds: documentIds.slice(start, start + DOCUMENTS_MAX),
    };
    await system.queue.send(message, afterSeconds);
  }
}
