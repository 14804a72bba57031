// The work queue of a simulated world, as the storage and the Functions host make one together: a message is shown when its
// time has come, in no order, and again when whoever it was shown to failed; after the fifth time it is a dead letter.
import { SHOWN_AGAIN_SECONDS, SHOWN_MAX } from '../../shared/adapters/memory-work-queue.ts';

export interface Letter {
  readonly text: string;
  visibleAt: number;
  shown: number;
}

export class SimulatedQueue {
  readonly dead = new Set<Letter>();
  readonly counts = { sent: 0, shown: 0, died: 0 };
  /** True time since which there has always been something to show. */
  busySince = Infinity;
  readonly #waiting = new Set<Letter>();
  readonly #now: () => number;
  readonly #onSent: () => void;
  readonly #onDead: (text: string) => void;

  constructor(now: () => number, onSent: () => void, onDead: (text: string) => void) {
    this.#now = now;
    this.#onSent = onSent;
    this.#onDead = onDead;
  }

  put(text: string, afterSeconds: number): void {
    this.counts.sent += 1;
    if (this.#waiting.size === 0) this.busySince = this.#now();
    this.#waiting.add({ text, visibleAt: this.#now() + afterSeconds * 1000, shown: 0 });
    this.#onSent();
  }

  get size(): number {
    return this.#waiting.size;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** When the next one is to be shown; null when there is none. */
  get nextAt(): number | null {
    return this.isEmpty ? null : Math.min(...[...this.#waiting].map(({ visibleAt }) => visibleAt));
  }

  /** Those whose time has come. */
  get due(): Letter[] {
    return [...this.#waiting].filter(({ visibleAt }) => visibleAt <= this.#now());
  }

  /** Nobody else is shown it for as long as an invocation may last. */
  show(letter: Letter): void {
    this.counts.shown += 1;
    letter.shown += 1;
    letter.visibleAt = Infinity;
  }

  done(letter: Letter): void {
    this.#waiting.delete(letter);
    if (this.#waiting.size === 0) this.busySince = Infinity;
  }

  failed(letter: Letter): void {
    if (letter.shown < SHOWN_MAX) {
      letter.visibleAt = this.#now() + SHOWN_AGAIN_SECONDS * 1000;
      return;
    }
    this.counts.died += 1;
    this.done(letter);
    this.dead.add({ ...letter, shown: 0 });
    this.#onDead(letter.text);
  }
}
