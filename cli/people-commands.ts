// What people's commands share: options, confirmation, JSON.
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { Failure } from './failure.ts';
import { parsePeriod } from './period.ts';
import type { Terminal } from './terminal.ts';

export interface ListOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

export function withSignIn(command: Command): Command {
  return command
    .option('--server <url>', 'the service (KEYTURN_SERVER; http://127.0.0.1:7071)')
    .option('--sign-in-token <token>', 'who you are (KEYTURN_TOKEN; the file token in the data folder)')
    .option(
      '--entra-scope <scope>',
      'sign in with Entra ID, by az or azd (KEYTURN_ENTRA_SCOPE, for a service elsewhere)',
    )
    .option('--data <folder>', 'the local service’s data folder (KEYTURN_DATA; .keyturn)');
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print what the API answers');
}

export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Minutes. */
export function parseLifetime(text: string): number {
  const minutes = parsePeriodOption(text);
  if (minutes >= 5 && minutes <= 43_200) return minutes;
  throw new InvalidArgumentError('It must be 5 minutes to 30 days, like 5m or 30d.');
}

export function parseUses(text: string): number {
  const uses = parseCount(text);
  if (uses <= 10_000) return uses;
  throw new InvalidArgumentError('It must be 1 to 10000.');
}

export function parseName(text: string): string {
  const length = text.trim().length;
  if (length >= 1 && length <= 100) return text.trim();
  throw new InvalidArgumentError('It must be 1 to 100 characters.');
}

/** Minutes. */
export function parsePeriodOption(text: string): number {
  const minutes = parsePeriod(text);
  if (minutes !== null) return minutes;
  throw new InvalidArgumentError('A period is like 90d, 12w, 36h, or plain minutes.');
}

export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value, null, 2));
}

/** @throws Failure `usage` unless a person says yes, or `yes` was given. */
export async function confirm(terminal: Terminal, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!terminal.isInteractive) {
    throw new Failure('usage', `${question} This needs --yes where there is no terminal to ask on`);
  }
  const answer = await terminal.ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('usage', 'Nothing was changed');
}
