// A machine's document, as it is stored.
import type { Instant } from './instant.ts';

export const KEY_DELIVERY_STATUSES = ['Default', 'PendingNewKey', 'KeyExpired'] as const;
export type KeyDeliveryStatus = (typeof KEY_DELIVERY_STATUSES)[number];

/** The numbers that subscribers of the system we follow know them by. */
export const KEY_DELIVERY_STATUS_NUMBERS = {
  Default: 1,
  PendingNewKey: 2,
  KeyExpired: 3,
} as const satisfies Record<KeyDeliveryStatus, number>;

/** `joining` until the machine has proved that it holds a group key; `removed` for ever after its removal. */
export type Membership = 'joining' | 'member' | 'removed';

/** The public half of the machine's own ES256 key (RFC 7517). */
export interface IdentityKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** What the machine must sign, once, to prove that it holds a version of the group key. */
export interface ProofChallenge {
  readonly value: string;
  readonly version: number;
  readonly expiresOn: Instant;
}

export interface Machine {
  readonly type: 'machine';
  readonly id: string;
  readonly groupId: string;
  readonly name: string;
  readonly membership: Membership;
  readonly agentVersion: string;
  readonly identityKey: IdentityKey;
  /** The token that it joined with; while it is joining, it is let in only as long as the token would be. */
  readonly enrollmentTokenId: string;
  readonly admittedUntil: Instant;
  /** Null unless it is a member, so that only members are counted. */
  readonly keyDeliveryStatus: KeyDeliveryStatus | null;
  /** The newest version that the machine has proved to hold. */
  readonly keyVersion: number | null;
  readonly keyReceivedDate: Instant | null;
  readonly lastHeartbeatDate: Instant | null;
  readonly registeredDate: Instant | null;
  readonly challenge: ProofChallenge | null;
  readonly removedDate: Instant | null;
}
