// Enrollment tokens: made and revoked by people, used by machines that join.
import type { z } from 'zod';
import type { createEnrollmentTokenBody, enrollmentTokenSchema } from '../api/event.ts';
import { Problem } from '../api/problem.ts';
import {
  enrollmentSecretMatches,
  newEnrollmentToken,
  parseEnrollmentToken,
} from '../crypto/enrollment-token.ts';
import { enrollmentTokenDocumentId } from '../domain/enrollment-token.ts';
import type { EnrollmentToken } from '../domain/enrollment-token.ts';
import { singleEvent } from '../domain/event.ts';
import { addMinutes } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Machine } from '../domain/machine.ts';
import { isGroupExpired } from '../domain/window.ts';
import { WriteConflict } from '../ports/document-store.ts';
import type { Stored } from '../ports/document-store.ts';
import type { Person } from '../ports/people-authenticator.ts';
import { currentGroup, readGroup } from './group-transitions.ts';
import { untilNoConflict } from './contention.ts';
import type { System } from './system.ts';

/**
 * Makes a token. With an id of the caller's choice the same call again makes no other: it is refused, and so tells that the
 * first was heard. Its secret was shown once.
 * @throws Problem `GroupKeyExpired` when nobody could join with it; `IdTaken`.
 */
export async function createEnrollmentToken(
  system: System,
  person: Person,
  groupId: string,
  body: z.output<typeof createEnrollmentTokenBody>,
): Promise<z.input<typeof enrollmentTokenSchema>> {
  const { document: group } = await currentGroup(system, groupId);
  const now = system.clock.now();
  if (isGroupExpired(group, now)) {
    throw new Problem(
      'GroupKeyExpired',
      'The group’s certificate has expired; no machine can join it any more.',
    );
  }
  const made = newEnrollmentToken(groupId, body.id);
  const document: EnrollmentToken = {
    type: 'enrollmentToken',
    id: enrollmentTokenDocumentId(made.tokenId),
    groupId,
    secretHash: made.secretHash,
    createdOn: now,
    createdBy: person.name,
    expiresOn: addMinutes(now, body.lifetimeMinutes),
    usesLeft: body.uses,
  };
  const event = singleEvent('EnrollmentTokenCreated', made.tokenId, {
    groupId,
    occurredOn: now,
    actor: { kind: 'person', id: person.name },
    reason: `Admits ${machines(body.uses)} until ${document.expiresOn}.`,
  });
  await refuseTaken(() =>
    system.store.write(groupId, [
      { kind: 'create', document },
      { kind: 'create', document: event },
    ]),
  );
  return { id: made.tokenId, token: made.token, expiresOn: document.expiresOn, uses: body.uses };
}

/** Two tokens of one id would share its event, one that was revoked included. @throws Problem `IdTaken`. */
async function refuseTaken(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
    throw new Problem(
      'IdTaken',
      'A token of this id was made before. If its secret was not received, revoke it and make another.',
      { cause: error },
    );
  }
}

function machines(count: number): string {
  return count === 1 ? 'one machine' : `up to ${count} machines`;
}

/** Revokes the token at once; machines that joined with it stay. @throws Problem `EnrollmentTokenNotFound`. */
export async function revokeEnrollmentToken(
  system: System,
  person: Person,
  groupId: string,
  tokenId: string,
): Promise<void> {
  await readGroup(system, groupId);
  await untilNoConflict(async () => {
    const stored = await system.store.read<EnrollmentToken>(groupId, enrollmentTokenDocumentId(tokenId));
    if (stored === null) {
      throw new Problem('EnrollmentTokenNotFound', `Group ${groupId} has no enrollment token ${tokenId}.`);
    }
    const event = singleEvent('EnrollmentTokenRevoked', tokenId, {
      groupId,
      occurredOn: system.clock.now(),
      actor: { kind: 'person', id: person.name },
      reason: `It could have admitted ${machines(stored.document.usesLeft)} more.`,
    });
    await system.store.write(groupId, [
      { kind: 'delete', id: stored.document.id, version: stored.version },
      { kind: 'create', document: event },
    ]);
  });
}

/**
 * The token's document, as long as the token is good; whether it admits another machine is for `spent` to say.
 * @throws Problem `EnrollmentTokenInvalid` (unknown, revoked, or another group's), `EnrollmentTokenExpired`.
 */
export async function goodToken(
  system: System,
  groupId: string,
  text: string,
): Promise<Stored<EnrollmentToken>> {
  const parsed = parseEnrollmentToken(text);
  const stored =
    parsed?.groupId === groupId
      ? await system.store.read<EnrollmentToken>(groupId, enrollmentTokenDocumentId(parsed.tokenId))
      : null;
  if (
    parsed === null ||
    stored === null ||
    !enrollmentSecretMatches(parsed.secret, stored.document.secretHash)
  ) {
    throw new Problem(
      'EnrollmentTokenInvalid',
      'This enrollment token is unknown, revoked, or for another group.',
    );
  }
  refuseExpired(system, stored.document.expiresOn);
  return stored;
}

/** The token once it has admitted one more machine. @throws Problem `EnrollmentTokenUsedUp`. */
export function spent(token: EnrollmentToken): EnrollmentToken {
  if (token.usesLeft < 1) {
    throw new Problem('EnrollmentTokenUsedUp', 'It admits no more machines; ask for a new one.');
  }
  return { ...token, usesLeft: token.usesLeft - 1 };
}

/**
 * A machine that has not become a member is let in only as long as its token is good: what it may try, it may try
 * for a limited time. @throws Problem `EnrollmentTokenInvalid` when it was revoked, `EnrollmentTokenExpired`,
 * `GroupDeleted` when it went with its group.
 */
export async function refuseUnlessAdmitted(system: System, machine: Machine): Promise<void> {
  if (machine.membership !== 'joining') return;
  refuseExpired(system, machine.admittedUntil);
  if ((await system.store.read(machine.groupId, machine.enrollmentTokenId)) !== null) return;
  await readGroup(system, machine.groupId);
  throw new Problem(
    'EnrollmentTokenInvalid',
    'The enrollment token of this machine was revoked; join with another.',
  );
}

function refuseExpired(system: System, expiresOn: Instant): void {
  if (system.clock.now() < expiresOn) return;
  throw new Problem('EnrollmentTokenExpired', `It expired on ${expiresOn}; ask for a new one.`);
}
