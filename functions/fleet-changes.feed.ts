// Changes in the fleet: jobs are carried on, piece by piece, as each piece writes down how far it came.
import type { Job } from '../shared/domain/job.ts';
import { carryOn } from '../shared/services/jobs.ts';
import { consumeFleet } from './fleet-feed.ts';

consumeFleet('fleet-changes', async (system, groupId, documents, context) => {
  for (const { id } of documents.filter(({ type }) => type === 'job')) {
    try {
      const job = await system.store.read<Job>(groupId, id);
      if (job !== null) await carryOn(system, job);
    } catch (error) {
      // Not retried here, where it would hold up all groups: the scan takes it up.
      const cause = error instanceof Error ? error.stack : String(error);
      context.error(`${id} of group ${groupId} is left to the scan: ${cause}`);
    }
  }
});
