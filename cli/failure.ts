// An error with what a person should do about it, and the exit code that programs see.
import type { ExitName } from './exit-codes.ts';

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exit: ExitName;
  readonly hint: string | null;
  constructor(exit: ExitName, message: string, hint: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
    this.hint = hint;
  }
}
