// Who a person is. In Azure they sign in with Entra ID; on one machine with a token made there.

/** Each role may do what the one before it may. Reader: look. Operator: create, change, renew, enrol, remove. Admin: delete groups. */
export const PEOPLE_ROLES = ['Reader', 'Operator', 'Admin'] as const;
export type PeopleRole = (typeof PEOPLE_ROLES)[number];

export interface Person {
  /** For the audit trail. */
  readonly name: string;
  readonly role: PeopleRole;
}

export interface PeopleAuthenticator {
  /** The person whom a bearer token names, or null when it names none (unknown, expired, not ours). */
  authenticate(bearerToken: string): Promise<Person | null>;
}
