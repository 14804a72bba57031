// The group password from a person: on stdin, typed unseen, or generated and shown once. Never on the command line.
import { newGroupPassword, normalizeNewPassword } from '../shared/crypto/group-password.ts';
import type { GroupPasswordSource } from './agent/passwords.ts';
import { Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface PasswordOptions {
  /** Read it from stdin. */
  readonly passwordStdin?: boolean;
}

const ASKED_MAX = 3;

/** A source that asks once, or again when the answer was wrong, and generates what nobody chose. */
export function groupPassword(terminal: Terminal, options: PasswordOptions): GroupPasswordSource {
  let known: string | null = null;
  let generated: string | null = null;
  let isShown = false;
  let asked = 0;

  async function fromStdin(): Promise<string> {
    known ??= await stdinPassword(terminal);
    return known;
  }

  return {
    async existing() {
      if (options.passwordStdin === true) return fromStdin();
      if (!terminal.isInteractive) throw noPassword();
      if (known === null) {
        asked += 1;
        known = await terminal.askHidden('Group password: ');
      }
      terminal.note('Opening the key with the password.');
      return known;
    },
    wrong() {
      if (options.passwordStdin === true || asked >= ASKED_MAX) return false;
      known = null;
      terminal.note('The group password is wrong; try again.');
      return true;
    },
    async chosen() {
      if (options.passwordStdin === true) return normalizeNewPassword(await fromStdin());
      generated ??= newGroupPassword();
      return generated;
    },
    accepted() {
      if (isShown) return;
      isShown = true;
      if (generated !== null) {
        terminal.note('The group password, shown this once. Keep it: machines need it to join.');
        terminal.print(generated);
      } else if (known === null) {
        terminal.note('This machine made the group’s key earlier. If its password was not shown:');
        terminal.note(terminal.commands('  keyturn agent regenerate-password'));
      }
    },
  };
}

/** A password of the person's own, for a file: typed twice. */
export async function filePassword(terminal: Terminal, options: PasswordOptions): Promise<string> {
  if (options.passwordStdin === true) return normalizeNewPassword(await stdinPassword(terminal));
  if (!terminal.isInteractive) throw noPassword();
  const first = normalizeNewPassword(await terminal.askHidden('Password for the file: '));
  const second = await terminal.askHidden('Again: ');
  if (second.normalize('NFC') === first) return first;
  throw new Failure('usage', 'The two passwords differ');
}

async function stdinPassword(terminal: Terminal): Promise<string> {
  const password = await terminal.readStdin();
  if (password !== '') return password;
  throw new Failure('usage', 'There is no password on stdin');
}

function noPassword(): Failure {
  return new Failure(
    'usage',
    'A password is needed, and there is no terminal to ask on',
    'Give it on stdin with --password-stdin.',
  );
}
