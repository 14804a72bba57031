// Who calls, as far as HTTP has to do with it.
import type { HttpRequest } from '@azure/functions';
import { Problem } from '../api/problem.ts';
import { PEOPLE_ROLES } from '../ports/people-authenticator.ts';
import type { PeopleRole, Person } from '../ports/people-authenticator.ts';
import type { System } from '../services/system.ts';

/** The bearer token (RFC 6750, section 2.1). @throws Problem `Unauthenticated`. */
export function bearerTokenOf(request: HttpRequest): string {
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(request.headers.get('authorization') ?? '');
  if (!match?.[1])
    throw new Problem('Unauthenticated', 'The call needs an Authorization header with a bearer token.');
  return match[1];
}

/** @throws Problem `Unauthenticated`, or `Forbidden` when the person's role is not enough; SignInUnavailable. */
export async function authenticatePerson(system: System, token: string, role: PeopleRole): Promise<Person> {
  const person = await system.people.authenticate(token);
  if (person === null) throw new Problem('Unauthenticated', 'The token is not one of this service’s people.');
  if (person.role === null) {
    throw new Problem('Forbidden', `${person.name} has no role here: ask an administrator for a role.`);
  }
  if (PEOPLE_ROLES.indexOf(person.role) < PEOPLE_ROLES.indexOf(role)) {
    throw new Problem('Forbidden', `This takes the role ${role}; ${person.name} is ${person.role}.`);
  }
  return person;
}
