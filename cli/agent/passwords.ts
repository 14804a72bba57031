// Where the agent's logic gets the group password from, when it needs it.

export interface GroupPasswordSource {
  /** The group's present password, as a person knows it. Asked for only once it is needed. */
  existing(): Promise<string>;
  /** The existing one was wrong. Answers whether it may be asked for again; without this, it may not. */
  wrong?(): boolean;
  /** The password to set, the same at every call: chosen by a person or generated. */
  chosen(): Promise<string>;
  /** The service has taken a key or wrap with the chosen password: a generated one is shown now. */
  accepted(): void;
}
