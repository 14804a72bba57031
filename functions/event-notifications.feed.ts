// Events become notifications: exactly one a machine, renewal and status.
import type { FleetEvent } from '../shared/domain/event.ts';
import { recordNotification } from '../shared/services/events.ts';
import { consumeFleet } from './fleet-feed.ts';

consumeFleet('event-notifications', async (system, document) => {
  if (document.type === 'event') await recordNotification(system, document as FleetEvent);
});
