// Work put off: a queue of small messages that a function takes up one by one, each at least once, in no order. What fails
// again and again becomes a dead letter: it is kept apart until someone has it tried anew.

/** The largest message, bytes of its JSON in UTF-8: in base64 it must fit the 64 KiB of a storage queue's. */
export const WORK_BYTES_MAX = 48_000;

export interface WorkQueue {
  /**
   * Puts one message durably before it resolves; nobody is shown it sooner than `afterSeconds` from now (0 to 604,800), and
   * it never expires. Holds names of what is to be done, never secrets.
   * @throws QueueUnavailable: it may or may not have been put; putting it twice does no harm to those who take it up.
   */
  send(message: unknown, afterSeconds: number): Promise<void>;

  /** About how many messages wait, those included whose time has not come. @throws QueueUnavailable */
  waiting(): Promise<number>;

  /** About how many dead letters there are. @throws QueueUnavailable */
  deadLetters(): Promise<number>;

  /**
   * Puts up to `limit` dead letters back into the queue, each before it is taken from among the dead, and answers how many.
   * A crash in between leaves one in both places. @throws QueueUnavailable
   */
  redrive(limit: number): Promise<number>;
}

/** The queue could not be reached, or refused for the moment. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
}
