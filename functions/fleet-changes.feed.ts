// Changes in the fleet: jobs are carried on, piece by piece, as each piece writes down how far it came.
import { consumeFleet } from './fleet-feed.ts';

consumeFleet('fleet-changes');
