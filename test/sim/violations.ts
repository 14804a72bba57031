// What must hold in every world at every moment. The first breach of it ends the world.

export const INVARIANTS = {
  'one-key-per-window': 'one key at most is accepted per window, and only in one',
  'window-too-short':
    'a window with its key lasts as long as the rules say, and without one until the key expires',
  'group-lost': 'a group expires only when no machine issued a key before its certificate expired',
  'capable-not-served': 'a capable machine that checks in while a window has its key has that key afterwards',
  'served-expired': 'a machine that got a window’s key is not KeyExpired by that window',
  'status-wrong': 'the stored status converges to what it must be',
  'change-without-event':
    'every change of status is written with exactly one event, and no event without one',
  'events-out-of-order': 'a machine’s events sort as they happened, each going on where the one before ended',
  'missed-untold': 'a machine that missed a window has an event that says so',
  'notification-wrong': 'every event of a status has exactly one notification',
  'key-retired-early': 'no key is retired, on a machine or in the vault, while it is honoured',
  'proved-key-lost': 'a machine holds the key that it proved, so that it has one that works, or a way back',
  'not-the-same-key': 'all Default machines of a group hold the same key at rest',
  'removed-served': 'a removed machine gets nothing',
  'secret-kept': 'no document, log line, request or answer holds key material or a password',
  'foreign-key-held': 'no agent takes a certificate that no machine of its group made',
  'rate-exceeded': 'no agent calls before the time that the service asked for',
  'package-missing': 'a key that machines are told of has its package in the vault',
  'left-behind': 'at rest no job, package, change or dead letter is left to be dealt with',
  'dead-letter': 'nothing becomes a dead letter but what a defect keeps from being handled',
  stuck: 'without faults everything that is due gets done, and every window completes',
  'way-back-closed': 'a lost machine comes back by a regenerated password and a rejoin',
  'internal-error': 'the service answers no call with an internal error, and no agent crashes',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
}

export type Violate = (invariant: Invariant, detail: string) => void;
