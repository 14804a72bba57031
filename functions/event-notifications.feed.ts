// Events become notifications: exactly one a machine, renewal and status.
import type { FleetEvent } from '../shared/domain/event.ts';
import { recordNotifications } from '../shared/services/events.ts';
import { consumeFleet } from './fleet-feed.ts';

consumeFleet('event-notifications', async (system, groupId, documents) => {
  const events = documents.filter((document): document is FleetEvent => document.type === 'event');
  await recordNotifications(system, groupId, events);
});
