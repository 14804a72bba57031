// What killed writers said was done, as they said it: the measure of what must be found.

export interface Turn {
  readonly turn: number;
  /** Of the group's ledger. */
  readonly version: number;
}

export class Acknowledged {
  /** The last turn of each group. */
  readonly turns = new Map<string, Turn>();
  batches = 0;
  checkpoints = 0;
  /** The consumer's last position. */
  checkpoint = 0;
  /** The highest version or position that anybody was told. */
  highest = 0;

  /** Takes in what one writer printed, and answers what in it cannot be: a version that was given before its time. */
  add(lines: readonly string[]): string[] {
    const before = this.highest;
    return lines.flatMap((line) => {
      const [kind, ...parts] = line.split(' ');
      if (kind === 'turn') {
        const [groupId = '', turn, version] = parts;
        return this.#addTurn(groupId, { turn: Number(turn), version: Number(version) }, before);
      }
      if (kind === 'checkpoint') this.#addCheckpoint(Number(parts[0]));
      return [];
    });
  }

  /** A version or position that was told outside a writer. */
  addTold(position: number): void {
    this.highest = Math.max(this.highest, position);
  }

  #addTurn(groupId: string, next: Turn, before: number): string[] {
    const last = this.turns.get(groupId);
    this.turns.set(groupId, next);
    this.batches += 1;
    this.addTold(next.version);
    if (next.version <= before) return [`version ${next.version} was given again, after ${before}`];
    if (last !== undefined && next.turn <= last.turn) {
      return [`${groupId} took turn ${next.turn} again, after ${last.turn} was acknowledged`];
    }
    return [];
  }

  #addCheckpoint(position: number): void {
    this.checkpoints += 1;
    this.checkpoint = position;
    this.addTold(position);
  }
}
