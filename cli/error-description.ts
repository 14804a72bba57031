// What a person is told about an error: what went wrong, what to do, and the exit code. The one place where errors meet
// exit codes.
import { ReceivedProblem, ServiceUnreachable, UnexpectedAnswer } from '../shared/api/client.ts';
import { Problem, PROBLEMS } from '../shared/api/problem.ts';
import type { ProblemCode } from '../shared/api/problem.ts';
import { CryptoError } from '../shared/crypto/errors.ts';
import { secondsBetween } from '../shared/domain/instant.ts';
import type { Instant } from '../shared/domain/instant.ts';
import type { ExitName } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { durationText, periodOption } from './period.ts';

export interface ErrorDescription {
  /** A problem's or exit's code, for programs. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exit: ExitName;
}

export interface ErrorContext {
  /** Who called: an agent by its own identity, or a person. */
  readonly caller: 'machine' | 'person';
  readonly now: Instant;
}

export function describeError(error: unknown, context: ErrorContext): ErrorDescription {
  const { message, ...rest } = described(error, context);
  // Some come as sentences, some do not; they are shown in the middle of others.
  return { ...rest, message: message.replace(/\.$/, '') };
}

function described(error: unknown, context: ErrorContext): ErrorDescription {
  if (error instanceof Failure) return { code: error.exit, ...pick(error), exit: error.exit };
  if (error instanceof Problem) return describeProblem(error, context);
  if (error instanceof ServiceUnreachable) {
    return {
      code: error.name,
      message: error.message,
      hint: 'Is the service running, and is --server its address?',
      exit: 'unreachable',
    };
  }
  if (error instanceof UnexpectedAnswer) {
    return {
      code: error.name,
      message: error.message,
      hint: 'Is --server the address of a Keyturn service, of the same version as this command?',
      exit: 'unexpected',
    };
  }
  if (error instanceof CryptoError && error.code === 'PasswordTooShort') {
    return { code: error.code, message: sentence(error.message), hint: null, exit: 'usage' };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'unexpected', message, hint: null, exit: 'unexpected' };
}

function pick({ message, hint }: Failure) {
  return { message, hint };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Exit codes of problems that have one of their own; 5xx is `unreachable`, any other `refused`. */
const EXITS: Partial<Record<ProblemCode, ExitName>> = {
  MalformedJson: 'unexpected',
  UnsupportedMediaType: 'unexpected',
  InvalidRequest: 'usage',
  InvalidCursor: 'usage',
  PolicyOutOfRange: 'usage',
  AuthTokenNotYetValid: 'clock',
  AuthTokenExpired: 'clock',
  Unauthenticated: 'forbidden',
  Forbidden: 'forbidden',
  WrongGroup: 'forbidden',
  EnrollmentTokenInvalid: 'forbidden',
  EnrollmentTokenExpired: 'forbidden',
  EnrollmentTokenUsedUp: 'forbidden',
  MachineRemoved: 'gone',
  NotFound: 'notFound',
  GroupNotFound: 'notFound',
  MachineNotFound: 'notFound',
  KeyNotFound: 'notFound',
  EnrollmentTokenNotFound: 'notFound',
  GroupDeleted: 'notFound',
};

/** Problems that tell an agent that its machine is not in the group any more. */
const GONE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'MachineRemoved',
  'MachineNotFound',
  'GroupNotFound',
  'GroupDeleted',
]);

export function isGone(error: unknown): boolean {
  return error instanceof Problem && GONE.has(error.code);
}

const HINTS: Partial<Record<ProblemCode, string>> = {
  EnrollmentTokenInvalid: 'Ask for a new one: keyturn groups enroll GROUP',
  EnrollmentTokenExpired: 'Ask for a new one: keyturn groups enroll GROUP',
  EnrollmentTokenUsedUp: 'Ask for a new one: keyturn groups enroll GROUP --uses N',
  GroupPasswordStale: 'On a machine that holds the new key: keyturn agent regenerate-password',
  GroupKeyExpired: 'Delete the group, create a new one, and join its machines to that.',
  AgentOutdated: 'Update the agent, then try again.',
  PasswordRevisionTaken: 'Somebody changed the password just now. Use theirs, or run this again.',
  MachineIdTaken: 'Forget this machine with keyturn agent leave --force, then join anew.',
  RenewalInProgress: 'keyturn groups show GROUP says how far it is.',
  GroupHasNoKey: 'The first machine that joins makes it: keyturn groups enroll GROUP',
  GroupNotFound: 'keyturn groups list shows the groups there are.',
  MachineNotFound: 'keyturn machines list shows the machines there are.',
  Contention: 'Try again.',
  SignInUnavailable: 'Nothing is wrong with who you are: try again in half a minute.',
  KeyNotPrimary: 'A newer key was issued meanwhile; run keyturn agent check-in, then this again.',
};

function describeProblem(problem: Problem, { caller, now }: ErrorContext): ErrorDescription {
  const { code, message } = problem;
  if (code === 'AuthTokenNotYetValid' || code === 'AuthTokenExpired') {
    return { code, message: clockText(problem, now), hint: 'Set the clock, then try again.', exit: 'clock' };
  }
  if (caller === 'machine') {
    if (isGone(problem)) {
      return {
        code,
        message,
        hint: 'Forget this group here with keyturn agent leave; to come back, join with a new enrollment token.',
        exit: 'gone',
      };
    }
    if (code === 'Unauthenticated') {
      return {
        code,
        message,
        hint: 'Is it the service that this machine joined? If so, join anew.',
        exit: 'forbidden',
      };
    }
  }
  if (code === 'PolicyOutOfRange' && problem.errors !== undefined) {
    return { code, message: problem.errors.map(rangeText).join('; '), hint: null, exit: 'usage' };
  }
  if (problem.status >= 500) {
    // The detail says only what to do.
    return { code, message: PROBLEMS[code][1], hint: HINTS[code] ?? message, exit: 'unreachable' };
  }
  return { code, message, hint: hintOf(code), exit: EXITS[code] ?? 'refused' };
}

const OPTIONS: Partial<Record<string, string>> = {
  '/groupKeyValidityPeriod': '--validity',
  '/groupKeyExpiryGracePeriod': '--grace',
};

/** A bound in terms of the command line: `--grace must be 45d to 182.5d (64800 to 262800 minutes)`. */
function rangeText({ pointer, detail, minimum, maximum }: NonNullable<Problem['errors']>[number]): string {
  const option = OPTIONS[pointer];
  if (option === undefined || minimum === undefined || maximum === undefined) return `${pointer} ${detail}`;
  return `${option} must be ${periodOption(minimum)} to ${periodOption(maximum)} (${minimum} to ${maximum} minutes)`;
}

function hintOf(code: ProblemCode): string | null {
  if (code === 'Unauthenticated') {
    return 'Sign in with --entra-scope, --sign-in-token, KEYTURN_TOKEN, or the file token in the folder of --data.';
  }
  return HINTS[code] ?? null;
}

function clockText(problem: Problem, now: Instant): string {
  const serverTime = problem instanceof ReceivedProblem ? problem.serverTime : null;
  const isAhead = problem.code === 'AuthTokenNotYetValid';
  if (serverTime === null) {
    return `This machine’s clock (${now}) is ${isAhead ? 'ahead of' : 'behind'} the service’s`;
  }
  const seconds = secondsBetween(serverTime, now);
  const off = durationText(Math.abs(seconds));
  return `This machine’s clock says ${now}, the service’s ${serverTime}: it is ${off} ${seconds > 0 ? 'ahead' : 'behind'}`;
}
