// People on one machine: bearer tokens made there, known to the service by their SHA-256 alone.
import { createHash, timingSafeEqual } from 'node:crypto';
import { PEOPLE_ROLES } from '../ports/people-authenticator.ts';
import type { PeopleAuthenticator, PeopleRole, Person } from '../ports/people-authenticator.ts';
import { SettingUnusable } from './setting.ts';

interface LocalToken extends Person {
  readonly sha256: Buffer;
}

/**
 * @param tokens comma-separated `role:name:sha256`, the hash in hex; empty for nobody.
 * @throws SettingUnusable when an entry is not of that form.
 */
export function localPeopleAuthenticator(tokens: string): PeopleAuthenticator {
  const known = tokens.split(',').filter(Boolean).map(parseLocalToken);
  return {
    authenticate(bearerToken) {
      const presented = createHash('sha256').update(bearerToken).digest();
      const match = known.find(({ sha256 }) => timingSafeEqual(sha256, presented));
      return Promise.resolve(match ? { name: match.name, role: match.role } : null);
    },
  };
}

function parseLocalToken(entry: string): LocalToken {
  const [role, name, sha256] = entry.trim().split(':');
  if (!isRole(role) || !name || !/^[0-9a-f]{64}$/.test(sha256 ?? '')) {
    throw new SettingUnusable('KEYTURN_LOCAL_TOKENS', 'must be role:name:sha256, separated by commas');
  }
  return { role, name, sha256: Buffer.from(sha256 ?? '', 'hex') };
}

function isRole(text: string | undefined): text is PeopleRole {
  return PEOPLE_ROLES.some((role) => role === text);
}
