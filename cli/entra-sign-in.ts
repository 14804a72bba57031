// Signing in with Entra ID as whoever is signed in with the Azure CLI, or else with azd. Promises: no token is ever shown, nor
// anything else that those tools printed, which may hold one; of it, only Entra ID's own error codes are told.
import {
  AggregateAuthenticationError,
  AzureCliCredential,
  AzureDeveloperCliCredential,
  ChainedTokenCredential,
} from '@azure/identity';
import type { AccessToken } from '@azure/identity';
import { systemClock } from '../shared/adapters/system-clock.ts';
import { fromInstant } from '../shared/domain/instant.ts';
import type { Clock } from '../shared/ports/clock.ts';
import { Failure } from './failure.ts';

/** Gives a bearer token that is good for a call made now. @throws Failure `forbidden` with what to do. */
export type TokenSource = () => Promise<string>;

/** The tools take seconds; one that waits for somebody would never end. */
const TOOL_MILLISECONDS_MAX = 60_000;

/** How long before its end a token is replaced. */
const RENEWED_MILLISECONDS = 300_000;

/**
 * Asks for a token at the first call, and again shortly before it ends, for commands that stay. Entra ID goes by the true
 * time, whatever clock a demonstration has.
 * @throws Failure `usage` when the scope is not of its form; when asked, `forbidden`.
 */
export function entraTokenSource(scope: string, clock: Clock = systemClock()): TokenSource {
  if (!/^[\w.:/-]+\/\.default$/.test(scope)) {
    throw new Failure('usage', `${scope} is no scope of a service`, 'It is like api://APP_ID/.default');
  }
  const options = { processTimeoutInMs: TOOL_MILLISECONDS_MAX };
  const credential = new ChainedTokenCredential(
    new AzureCliCredential(options),
    new AzureDeveloperCliCredential(options),
  );
  let kept: AccessToken | null = null;

  return async () => {
    const now = fromInstant(clock.now());
    if (kept === null || now >= kept.expiresOnTimestamp - RENEWED_MILLISECONDS) {
      kept = await credential.getToken(scope).catch((error: unknown) => {
        throw failure(error, scope);
      });
    }
    return kept.token;
  };
}

/** What to do about Entra ID's codes that people meet. */
const ADVICE: Partial<Record<string, string>> = {
  AADSTS50105: 'You have no role in this service: ask an administrator for one.',
  AADSTS65001: 'An administrator must allow the Azure CLI to call the service: docs/sign-in.md says how.',
  AADSTS500011:
    'Is the scope the service’s, and its tenant the one you are signed in to? az login --tenant TENANT',
};

/** Without a cause: what the tools said would be in it. */
function failure(error: unknown, scope: string): Failure {
  const said = error instanceof AggregateAuthenticationError ? error.errors : [error];
  const messages = said.map(String);
  const code = /AADSTS\d+/.exec(messages.join('\n'))?.[0];
  if (code !== undefined) {
    const advice = ADVICE[code] ?? `Sign in anew: az login --scope ${scope}`;
    return new Failure('forbidden', `Entra ID gives no token for ${scope}: ${code}`, advice);
  }
  if (messages.every((message) => /could(n't| not) be found/.test(message))) {
    return new Failure(
      'forbidden',
      'Neither the Azure CLI nor azd is installed here, to sign in with Entra ID',
      'Install one of them, and sign in: az login. Or give a token: KEYTURN_TOKEN.',
    );
  }
  if (messages.some((message) => /run 'az(d auth)? login'/.test(message))) {
    return new Failure('forbidden', 'Nobody is signed in with the Azure CLI or azd', 'az login');
  }
  return new Failure(
    'forbidden',
    `The Azure CLI and azd gave no token for ${scope}`,
    `This says why: az account get-access-token --scope ${scope} --query expiresOn`,
  );
}
