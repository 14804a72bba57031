// The pulse of the change feed: what each of its consumers writes down when the newest fleet metrics come by, so that one that
// has stopped shows. Metrics are one document, in one of the store's physical partitions, and each of these has a lease of its own:
// a consumer that has stopped at another partition alone is seen by what it leaves undone, jobs that stall and work put off.
import { feedPulseId, SERVICE_PARTITION } from '../domain/fleet-metrics.ts';
import type { FeedPulse, FleetMetrics } from '../domain/fleet-metrics.ts';
import { untilNoConflict } from './contention.ts';
import type { System } from './system.ts';

/** Seen again, or older than what was seen already, metrics change nothing. */
export function recordPulse(system: System, consumer: string, { takenOn }: FleetMetrics): Promise<void> {
  return untilNoConflict(async () => {
    const id = feedPulseId(consumer);
    const known = await system.store.read<FeedPulse>(SERVICE_PARTITION, id);
    if (known !== null && known.document.takenOn >= takenOn) return;
    const document: FeedPulse = {
      type: 'feedPulse',
      id,
      groupId: SERVICE_PARTITION,
      consumer,
      takenOn,
      seenOn: system.clock.now(),
    };
    await system.store.write(SERVICE_PARTITION, [
      known === null ? { kind: 'create', document } : { kind: 'replace', document, version: known.version },
    ]);
  });
}
