// Changes in the fleet: jobs are carried on, piece by piece, as each piece writes down how far it came.
import type { Job } from '../shared/domain/job.ts';
import { carryOn } from '../shared/services/jobs.ts';
import { consumeFleet } from './fleet-feed.ts';

consumeFleet('fleet-changes', async (system, document) => {
  if (document.type !== 'job') return;
  const job = await system.store.read<Job>(document.groupId, document.id);
  if (job !== null) await carryOn(system, job);
});
