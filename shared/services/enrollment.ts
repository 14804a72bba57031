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
import { addMinutes, secondsBetween } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import type { Machine } from '../domain/machine.ts';
import { isGroupExpired } from '../domain/window.ts';
import type { Stored } from '../ports/document-store.ts';
import type { Person } from '../ports/people-authenticator.ts';
import { currentGroup, readGroup } from './group-transitions.ts';
import { untilNoConflict } from './contention.ts';
import type { System } from './system.ts';

/**
 * Makes a token. With an id of the caller's choice the same call again makes no other: nobody was told the first one's
 * secret, and the second one's takes its place.
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
  const written = await untilNoConflict(async () => {
    const before = body.id === undefined ? null : await madeBefore(system, document, event.id);
    const next = before === null ? document : { ...before.document, secretHash: made.secretHash };
    await system.store.write(
      groupId,
      before === null
        ? [
            { kind: 'create', document: next },
            { kind: 'create', document: event },
          ]
        : [{ kind: 'replace', document: next, version: before.version }],
    );
    return next;
  });
  return { id: made.tokenId, token: made.token, expiresOn: written.expiresOn, uses: body.uses };
}

/** The token of that id, which the same call made before; null if there was none. @throws Problem `IdTaken`. */
async function madeBefore(
  system: System,
  asked: EnrollmentToken,
  eventId: string,
): Promise<Stored<EnrollmentToken> | null> {
  const stored = await system.store.read<EnrollmentToken>(asked.groupId, asked.id);
  const isRevoked = stored === null && (await system.store.read(asked.groupId, eventId)) !== null;
  const isAnother = stored !== null && !isSameRequest(stored.document, asked);
  if (!isRevoked && !isAnother) return stored;
  throw new Problem(
    'IdTaken',
    'A token of this id was made before; it was used or revoked, or is not as this one is to be.',
  );
}

function isSameRequest(made: EnrollmentToken, asked: EnrollmentToken): boolean {
  return (
    made.createdBy === asked.createdBy &&
    made.usesLeft === asked.usesLeft &&
    secondsBetween(made.createdOn, made.expiresOn) === secondsBetween(asked.createdOn, asked.expiresOn)
  );
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
