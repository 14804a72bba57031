// The agent's folder as a port: a few small texts by name, and the right to change them. The agent's logic knows no other
// storage, so that a simulation can run it in memory.

export interface AgentFolder {
  /** For messages. */
  readonly path: string;

  /** The text under a name, whole as it was last written; null when there is none. */
  read(name: string): Promise<string | null>;

  /** Replaces the text as a whole. Once it resolves, the text outlives a crash of process and machine; before, the old one does. */
  write(name: string, text: string): Promise<void>;

  /** Once it resolves, the text is gone for good. No error when there is none. */
  remove(name: string): Promise<void>;

  /** The names that hold a text, in no order. */
  list(): Promise<string[]>;

  /**
   * Runs `work` while no other process does, waiting for a while when one does. Whatever changes the folder runs inside;
   * reading alone does not have to. Not reentrant.
   * @throws Failure `locked` when the other one does not end.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T>;

  /**
   * Runs `work` as the folder's one daemon. Others may still work exclusively beside it.
   * @throws Failure `locked` at once when there is a daemon already.
   */
  asDaemon<T>(work: () => Promise<T>): Promise<T>;
}
