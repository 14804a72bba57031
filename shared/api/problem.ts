// Problems: every error that leaves the service is an RFC 9457 document with one of these codes. The table is the one
// place where codes meet HTTP. `detail` is for people and may change; programs decide on `code` alone.
import { z } from 'zod';

export const PROBLEMS = {
  MalformedJson: [400, 'The body is not JSON'],
  InvalidRequest: [400, 'The request does not follow the contract'],
  InvalidCursor: [400, 'The cursor is not of this list'],
  AuthTokenNotYetValid: [400, 'The machine’s clock is ahead of the service’s'],
  AuthTokenExpired: [400, 'The machine’s clock is behind the service’s, or the token is old'],
  Unauthenticated: [401, 'Not signed in'],
  Forbidden: [403, 'Not allowed'],
  WrongGroup: [403, 'The token is for another group'],
  MachineRemoved: [403, 'The machine was removed from its group'],
  EnrollmentTokenInvalid: [403, 'The enrollment token does not admit to this group'],
  EnrollmentTokenExpired: [403, 'The enrollment token has expired'],
  EnrollmentTokenUsedUp: [403, 'The enrollment token has been used as often as it may be'],
  NotFound: [404, 'There is nothing at this address'],
  GroupNotFound: [404, 'No such group'],
  MachineNotFound: [404, 'No such machine in this group'],
  KeyNotFound: [404, 'The group has no such key'],
  EnrollmentTokenNotFound: [404, 'No such enrollment token in this group'],
  GroupDeleted: [410, 'The group was deleted'],
  GroupHasNoKey: [409, 'The group has no key yet'],
  GroupKeyExpired: [409, 'The group’s key has expired'],
  GroupPasswordStale: [409, 'The group password does not open the group’s key any more'],
  AgentOutdated: [409, 'The agent is too old for this'],
  RenewalInProgress: [409, 'A renewal window is open already'],
  MachineIdTaken: [409, 'Another machine has this id'],
  IdTaken: [409, 'Something was created with this id before'],
  LeaseNotHeld: [409, 'This machine may not issue the key now'],
  KeyAlreadyIssued: [409, 'This version of the key has been issued'],
  KeyNotPrimary: [409, 'This is not the group’s newest key'],
  ChallengeUnknown: [409, 'The challenge was not given, has expired or was used'],
  PasswordRevisionTaken: [409, 'The password was changed meanwhile'],
  Contention: [503, 'Too many others changed this at the same time'],
  BodyTooLarge: [413, 'The body is too large'],
  UnsupportedMediaType: [415, 'The body must be application/json'],
  PolicyOutOfRange: [422, 'A period is out of its bounds'],
  CertificateMalformed: [422, 'Not an X.509 certificate'],
  CertificateKeyWeak: [422, 'The certificate’s key is too weak or of the wrong kind'],
  CertificateNotSelfSigned: [422, 'The certificate is not signed by its own key'],
  CertificateWrongGroup: [422, 'The certificate names another group'],
  CertificateWrongValidity: [422, 'The certificate’s validity is not what was prescribed'],
  EndorsementInvalid: [422, 'The outgoing key does not endorse the certificate'],
  ProofInvalid: [422, 'The proof was not made with the key'],
  WrapInvalid: [422, 'A wrap does not belong to this package'],
  PackageInvalid: [422, 'The key package is not acceptable'],
  InternalError: [500, 'Something went wrong in the service'],
  StoreUnavailable: [503, 'The document store does not answer'],
  VaultUnavailable: [503, 'The package vault does not answer'],
  QueueUnavailable: [503, 'The work queue does not answer'],
  SignInUnavailable: [503, 'It cannot be told for now who signs in'],
  Overloaded: [503, 'The service is overloaded'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];

export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'A URI reference that names the code.' }),
    title: z.string(),
    status: z.int(),
    code: z
      .enum(PROBLEM_CODES as [ProblemCode, ...ProblemCode[]])
      .meta({ description: 'Stable; decide on this.' }),
    detail: z.string().meta({ description: 'For people: what was wrong, the bound, and what to do next.' }),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON Pointer (RFC 6901) into the request.' }),
          detail: z.string(),
          minimum: z.number().optional(),
          maximum: z.number().optional(),
        }),
      )
      .optional(),
    serverTime: z
      .string()
      .optional()
      .meta({ description: 'The service’s clock, where clocks are the matter.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document.' });

export type ProblemDocument = z.infer<typeof problemSchema>;

/** An error with a public code and detail; whatever is private goes into `cause`, which is logged and never sent. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: ProblemDocument['errors'];
  /** For 503: when to come back, seconds. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { cause?: unknown; errors?: ProblemDocument['errors']; retryAfterSeconds?: number } = {},
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }
}

/** The document that is sent for a problem. */
export function problemDocument(problem: Problem, serverTime?: string): ProblemDocument {
  const [status, title] = PROBLEMS[problem.code];
  return {
    type: `urn:keyturn:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.message,
    ...(problem.errors && { errors: problem.errors }),
    ...(serverTime !== undefined && { serverTime }),
  };
}
