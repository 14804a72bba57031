// Who a person is. In Azure they sign in with Entra ID; on one machine with a token made there. A program that calls as
// people do, such as a pipeline, is a person here too.

/** Each role may do what the one before it may. Reader: look. Operator: create, change, renew, enrol, remove. Admin: delete groups. */
export const PEOPLE_ROLES = ['Reader', 'Operator', 'Admin'] as const;
export type PeopleRole = (typeof PEOPLE_ROLES)[number];

export interface Person {
  /** For the audit trail and for people to read; nothing is decided by it. */
  readonly name: string;
  /** The highest that they were given; null when they were given none: known, and allowed nothing. */
  readonly role: PeopleRole | null;
}

export interface PeopleAuthenticator {
  /**
   * The person whom a bearer token names, or null when it names none (unknown, expired, not ours).
   * @throws SignInUnavailable when it cannot be told for now; nothing is wrong with the token.
   */
  authenticate(bearerToken: string): Promise<Person | null>;
}

/** Whoever vouches for people could not be asked. */
export class SignInUnavailable extends Error {
  override readonly name = 'SignInUnavailable';
  readonly afterSeconds: number;
  constructor(message: string, afterSeconds: number, options?: ErrorOptions) {
    super(message, options);
    this.afterSeconds = afterSeconds;
  }
}
