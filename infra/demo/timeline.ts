// What the demonstration prints: a timeline in virtual time, and a tick for each thing that was checked.
import { styleText } from 'node:util';
import type { Instant } from '../../shared/domain/instant.ts';

export class ClaimFailed extends Error {
  override readonly name = 'ClaimFailed';
}

export class Timeline {
  readonly #now: () => Instant;
  #claims = 0;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  get claims(): number {
    return this.#claims;
  }

  chapter(title: string): void {
    print(`\n${style('bold', title)}`);
  }

  /** Something that happened, by whom. */
  tell(who: string, text: string): void {
    print(`  ${style('dim', this.#now().slice(0, 10))}  ${style('cyan', who.padEnd(8))} ${text}`);
  }

  /** Something that must be so. @throws ClaimFailed when it is not. */
  claim(text: string, isSo: boolean): void {
    if (!isSo) throw new ClaimFailed(text);
    this.#claims += 1;
    print(`              ${style('green', '✓')} ${text}`);
  }

  note(text: string): void {
    print(`              ${style('dim', text)}`);
  }
}

function style(format: 'bold' | 'dim' | 'cyan' | 'green', text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
