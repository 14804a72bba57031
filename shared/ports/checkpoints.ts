// How far a consumer has come: the embedded host's memory for change feeds (a position) and timers (an instant). In Azure
// the Functions host keeps its own, in lease containers and blobs.
export interface Checkpoints {
  /** What `consumer` saved last; null if it never did. */
  checkpoint(consumer: string): Promise<string | null>;

  /** Saves it durably. A crash before it means that the work since the last one is done again. */
  saveCheckpoint(consumer: string, position: string): Promise<void>;
}
