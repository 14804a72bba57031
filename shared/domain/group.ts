// The documents of a group and of its keys, as they are stored.
import type { Instant } from './instant.ts';
import type { RenewalPolicy } from './policy.ts';

/** `Deleted` is never shown: it is what is left of a group until its machines have been told and cleaned up. */
export type GroupStatus = 'NoKey' | 'Active' | 'Renewing' | 'KeyExpired' | 'Deleted';

/** Which key, without the key. */
export interface KeyReference {
  /** From 1. */
  readonly version: number;
  /** base64url SHA-256 of the DER certificate. */
  readonly thumbprint: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/** Why a window opened. */
export type RenewalReason = 'KeyNearsExpiry' | 'PolicyChanged' | 'OperatorRequested';

/** An open window, `[startsOn, endsOn)`. */
export interface Renewal {
  /** The version of the key that the window brings. */
  readonly version: number;
  readonly reason: RenewalReason;
  readonly startsOn: Instant;
  /** As the rule sets it; while no key has been issued the window lasts on until the outgoing key expires. */
  readonly endsOn: Instant;
  /** The group's grace period when the window opened, minutes. */
  readonly gracePeriod: number;
  readonly keyIssuedOn: Instant | null;
  readonly issuedByMachineId: string | null;
}

/** The right, for some minutes, to issue one version of the group's key, with what the certificate must say. */
export interface IssuerLease {
  readonly machineId: string;
  readonly version: number;
  readonly challenge: string;
  readonly takenOn: Instant;
  readonly expiresOn: Instant;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

export interface Group extends RenewalPolicy {
  readonly type: 'group';
  readonly id: typeof GROUP_DOCUMENT_ID;
  readonly groupId: string;
  readonly name: string;
  readonly description: string;
  readonly status: GroupStatus;
  readonly keyCreationDate: Instant | null;
  readonly keyExpiryDate: Instant | null;
  readonly primaryKey: KeyReference | null;
  readonly secondaryKey: KeyReference | null;
  readonly renewal: Renewal | null;
  readonly issuerLease: IssuerLease | null;
  readonly passwordStale: boolean;
  /** How often the password was set; a new password wrap names the next one, so that an old one cannot be replayed. */
  readonly passwordRevision: number;
  readonly passwordChangedDate: Instant | null;
  readonly passwordChangedBy: string | null;
  readonly createdDate: Instant;
  /** When the scan must look at this group next; null for never. */
  readonly nextActionOn: Instant | null;
}

/** A group's document is the one of this id in its partition. */
export const GROUP_DOCUMENT_ID = 'group';

/** A version of the group's key: everything about it but the package itself, which is in the vault. */
export interface GroupKeyDocument {
  readonly type: 'key';
  readonly id: string;
  readonly groupId: string;
  readonly version: number;
  readonly thumbprint: string;
  /** base64 of the DER. */
  readonly certificate: string;
  /** base64url SHA-256 of the PKCS#12. */
  readonly packageDigest: string;
  /** JWEs of the package secret; each is null where there is none (any more). */
  readonly passwordWrap: string | null;
  readonly certificateWrap: string | null;
  /** JWS by the key before; null for version 1. */
  readonly endorsement: string | null;
  readonly issuedByMachineId: string;
  readonly issuedOn: Instant;
}

export function keyDocumentId(version: number): string {
  return `key:${version}`;
}
