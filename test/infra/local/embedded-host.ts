// What the host's tests have in common: a store of changes, checkpoints that can fail, a log that is kept.
import { type Host, type HostOptions, startHost } from '../../../infra/local/host.ts';
import type { LogEntry } from '../../../infra/local/host-log.ts';
import { manualClock, type ManualClock } from '../../../shared/adapters/manual-clock.ts';
import { parseInstant, type Instant } from '../../../shared/domain/instant.ts';
import type { ChangeFeed } from '../../../shared/ports/change-feed.ts';
import type { Checkpoints } from '../../../shared/ports/checkpoints.ts';
import type { FleetDocument } from '../../../shared/ports/document-store.ts';

export function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === null) throw new Error(`not an instant: ${text}`);
  return parsed;
}

/** A change feed that tests write to by hand. */
export interface HandFedChanges extends ChangeFeed {
  add(...ids: string[]): void;
}

export function handFedChanges(): HandFedChanges {
  const all: FleetDocument[] = [];
  return {
    add(...ids) {
      for (const id of ids) all.push({ type: 'event', groupId: 'g', id });
    },
    async changes(after, limit) {
      const start = Number(after ?? 0);
      const documents = all.slice(start, start + limit);
      return { documents, position: String(start + documents.length) };
    },
  };
}

export interface FailingCheckpoints extends Checkpoints {
  readonly saved: Map<string, string>;
  /** While true nothing is saved, as if the process died just before. */
  failing: boolean;
}

export function memoryCheckpoints(): FailingCheckpoints {
  const saved = new Map<string, string>();
  return {
    saved,
    failing: false,
    checkpoint: async (consumer) => saved.get(consumer) ?? null,
    async saveCheckpoint(consumer, position) {
      if (this.failing) throw new Error('not saved');
      saved.set(consumer, position);
    },
  };
}

export interface World {
  readonly clock: ManualClock;
  readonly changeFeed: HandFedChanges;
  readonly checkpoints: FailingCheckpoints;
  readonly entries: LogEntry[];
  /** Another host in the same world, as after a restart. */
  start(load: () => unknown, options?: Partial<HostOptions>): Promise<Host>;
}

export function newWorld(): World {
  const clock = manualClock(instant('2026-11-22T00:00:00Z'));
  const [changeFeed, checkpoints] = [handFedChanges(), memoryCheckpoints()];
  const entries: LogEntry[] = [];
  return {
    clock,
    changeFeed,
    checkpoints,
    entries,
    start: (load, options) =>
      startHost({
        load: async () => load(),
        clock,
        changeFeed,
        checkpoints,
        settings: {},
        address: { host: '127.0.0.1', port: 0 },
        log: (entry) => void entries.push(entry),
        feedPollMilliseconds: 10,
        ...options,
      }),
  };
}

/** Registers at the first call only: registrations are the process's, hosts come and go. */
export function once(register: () => void): () => void {
  let done = false;
  return () => {
    if (!done) register();
    done = true;
  };
}
