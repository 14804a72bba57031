// What an agent tells about its work: one line each on a timeline for people, or one JSON object for programs.

/** What happened, or `attention`: a person is needed; or `retrying`: it will be tried again. */
type AgentEventKind =
  | 'joining'
  | 'joined'
  | 'waiting'
  | 'working'
  | 'checkedIn'
  | 'keyIssued'
  | 'keyReceived'
  | 'keyRetired'
  | 'keyKept'
  | 'stagedKeyDropped'
  | 'rejoinUnneeded'
  | 'retrying'
  | 'attention'
  | 'stopped';

export interface AgentEvent {
  readonly event: AgentEventKind;
  /** For people. */
  readonly text: string;
  readonly version?: number;
  readonly code?: string;
  readonly afterSeconds?: number;
}
