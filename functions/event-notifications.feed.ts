// Events become notifications: exactly one a machine, renewal and status.
import { consumeFleet } from './fleet-feed.ts';

consumeFleet('event-notifications');
