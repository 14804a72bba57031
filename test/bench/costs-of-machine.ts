// What one machine costs at rest and in a renewal, in request units and bytes, put together from what was measured.
import { HEARTBEAT_PERIODS, RENEWAL } from './costs-assumptions.ts';
import { bytesOf } from './costs-request-units.ts';
import type { Measured } from './costs-scenario.ts';

interface Units {
  readonly request: number;
  /** Of the change feed, afterwards. */
  readonly feed: number;
}

export interface MachineCosts {
  /** A steady check-in. */
  readonly checkIn: number;
  /** What a heartbeat adds to it. */
  readonly heartbeat: Units;
  /** A check-in with its share of a heartbeat, and what follows from that. */
  readonly resting: number;
  /** When the window opens: its status, event and notification. */
  readonly opening: number;
  /** In the window: all its calls, and what follows from them. */
  readonly calls: number;
  /** When the window ends: being looked at. */
  readonly ending: number;
  /** Stored once it has joined. */
  readonly joiningBytes: number;
  /** Stored for each renewal. */
  readonly renewalBytes: number;
}

/** @param machines of the group that was measured. */
export function costsOfMachine(measured: Measured, machines: number): MachineCosts {
  const units = (name: string, variant: string): Units => unitsOf(measured, name, variant);
  const checkIn = units('checkIn', 'steady').request;
  const beating = units('checkIn', 'steady, with a heartbeat to write');
  const heartbeat = { request: beating.request - checkIn, feed: beating.feed };
  const notification = inAll(units('event-notifications', 'a change of status'));
  const told = inAll(units('checkIn', 'told to fetch: a challenge is written'));
  const fetched = inAll(units('getKeyPackage', ''));
  const proved = inAll(units('proveKey', 'in a window'));
  const bytes = (type: string): number => bytesOfType(measured, type);
  const changeBytes = bytes('event') + bytes('notification');
  return {
    checkIn,
    heartbeat,
    resting: checkIn + inAll(heartbeat) / HEARTBEAT_PERIODS,
    opening: inAll(units('fleet-changes', `fan-out of ${machines} machines`)) / machines + notification,
    calls: told + fetched + proved + notification + (RENEWAL.checkInsOfMachine - 1) * checkIn,
    ending: inAll(units('fleet-changes', `fan-out of ${machines} machines, all in line`)) / machines,
    joiningBytes: bytes('machine') + bytes('event') + changeBytes,
    renewalBytes: 2 * changeBytes,
  };
}

function inAll({ request, feed }: Units): number {
  return request + feed;
}

function unitsOf({ costs }: Measured, name: string, variant: string): Units {
  const found = costs.find((each) => each.name === name && each.variant === variant);
  if (found === undefined) throw new Error(`not measured: ${name}, ${variant}`);
  return { request: found.cost.requestUnits, feed: found.cost.feedRequestUnits };
}

/** Of the largest that was written. */
function bytesOfType({ documents }: Measured, type: string): number {
  const document = documents.get(type);
  if (document === undefined) throw new Error(`no ${type} was written`);
  return bytesOf(document);
}
