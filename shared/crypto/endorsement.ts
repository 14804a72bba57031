// Endorsements: the outgoing key's word for the new certificate. Because of them, a service that lies cannot slip a
// certificate of its own into a group. Verifying holds no secret and may run anywhere.
import type { GroupCertificate } from './certificates.ts';
import type { GroupKey } from './group-key.ts';
import type { Statement } from './signed-statement.ts';
import { signStatement, verifyStatement } from './signed-statement.ts';

/** The new key that is endorsed: its group, version and certificate's thumbprint. */
export interface EndorsedKey {
  readonly groupId: string;
  readonly version: number;
  readonly thumbprint: string;
}

/** A compact JWS by the outgoing key over the new key's name. */
export async function endorse(endorsed: EndorsedKey, outgoing: GroupKey): Promise<string> {
  return signStatement(toStatement(endorsed), outgoing);
}

/**
 * Resolves when the outgoing key endorses exactly the expected one.
 * @throws CryptoError EndorsementInvalid for a bad structure or signature; WrongKey when it was made by another
 *   certificate's key; WrongContext when it is genuine, but for another key, group or purpose.
 */
export async function verifyEndorsement(
  jws: string,
  expected: EndorsedKey,
  outgoing: GroupCertificate,
): Promise<void> {
  await verifyStatement(jws, toStatement(expected), outgoing, 'EndorsementInvalid');
}

function toStatement({ groupId, version, thumbprint }: EndorsedKey): Statement {
  return {
    purpose: 'keyturn-endorsement',
    context: { group: groupId, version },
    content: { thumbprint },
  };
}
