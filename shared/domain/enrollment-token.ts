// Enrollment tokens: who has one may try to join, and only with the group password will succeed.
import type { Instant } from './instant.ts';

export interface EnrollmentToken {
  readonly type: 'enrollmentToken';
  readonly id: string;
  readonly groupId: string;
  /** SHA-256 of the secret, base64url: the token itself is not kept. */
  readonly secretHash: string;
  readonly createdOn: Instant;
  readonly createdBy: string;
  readonly expiresOn: Instant;
  readonly usesLeft: number;
}

export function enrollmentTokenDocumentId(tokenId: string): string {
  return `token:${tokenId}`;
}
