// The points at which an agent can be stopped. `observe` is called with each as it passes, after what the name says has
// been done (and made durable, where it is written); whatever stops the agent there, the next run must end well.

/** In the order in which an agent can pass them. */
export const AGENT_STEPS = [
  /** Joining: machine id and identity are in the folder; nothing was sent. */
  'identity-stored',
  /** The service registered the machine as joining and said what to do. */
  'join-answered',
  'check-in-answered',
  /** A staged key turned out to be the group's primary key and is now held. */
  'staged-key-promoted',
  /** A staged key can never be accepted any more and was dropped. */
  'staged-key-dropped',
  /** Issuing: the key pair exists in memory. */
  'key-made',
  /** The sealed key is in the folder; nothing was sent. */
  'key-staged',
  /** The service accepted the key. */
  'key-issued',
  /** The issued key is held; it is not staged any more. */
  'key-promoted',
  /** Fetching: the package arrived. */
  'package-fetched',
  /** It was checked and opened; the key exists in memory. */
  'package-opened',
  /** The key is held, not yet proved. */
  'key-stored',
  /** The service accepted the proof. */
  'key-proved',
  /** The folder says so too. */
  'proof-recorded',
  /** An old private key was deleted. */
  'key-retired',
  /** What the check-in came to is in the folder. */
  'check-in-recorded',
  /** Password: the new wrap exists in memory. */
  'password-wrapped',
  /** The service accepted it. */
  'password-set',
  /** Leaving: the service knows. */
  'group-left',
  /** Nothing is left in the folder. */
  'folder-emptied',
] as const;

export type AgentStep = (typeof AGENT_STEPS)[number];
