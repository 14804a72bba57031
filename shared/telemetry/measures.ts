// What is counted and timed. Labels are names out of small sets, never ids: groups and machines are named on spans. Without an SDK
// all of it does nothing.
import { metrics } from '@opentelemetry/api';
import type { Attributes, Counter, Histogram, MeterProvider } from '@opentelemetry/api';
import type { FleetGauge } from '../domain/fleet-gauges.ts';
import { INSTRUMENTATION } from './invocations.ts';

/** Seconds; a check-in takes milliseconds, a group of machines read page by page some seconds. */
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Instruments {
  readonly callDuration: Histogram;
  readonly checkIns: Counter;
  readonly events: Counter;
  readonly feedChanges: Counter;
  readonly feedPutOff: Counter;
  readonly requestUnits: Counter;
  readonly vaultDuration: Histogram;
  /** Has a gauge of the fleet observed, once for each name. */
  observe(gauge: FleetGauge): void;
}

/** The API hands out instruments that do nothing to whoever comes before the SDK: they are made anew when it has come. */
let made: { readonly provider: MeterProvider; readonly instruments: Instruments } | null = null;

function instruments(): Instruments {
  const provider = metrics.getMeterProvider();
  if (made?.provider !== provider) made = { provider, instruments: newInstruments(provider) };
  return made.instruments;
}

function newInstruments(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(INSTRUMENTATION);
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: SECONDS } };
  const observed = new Set<string>();
  return {
    callDuration: meter.createHistogram('keyturn.call.duration', {
      description: 'Calls of the HTTP contract, by operation and outcome: ok, or the problem’s code.',
      ...seconds,
    }),
    checkIns: meter.createCounter('keyturn.check_ins', {
      description: 'Check-ins that were answered, by the policy that decided.',
    }),
    events: meter.createCounter('keyturn.events', {
      description: 'Events that were written, by kind and by the status that a machine came to.',
    }),
    feedChanges: meter.createCounter('keyturn.feed.changes', {
      description: 'Changes that a consumer of the change feed was shown.',
    }),
    feedPutOff: meter.createCounter('keyturn.feed.put_off', {
      description: 'Changes that could not be handled and were put off.',
    }),
    requestUnits: meter.createCounter('keyturn.store.request_units', {
      description: 'What Cosmos DB charged, by the store’s operation.',
    }),
    vaultDuration: meter.createHistogram('keyturn.vault.duration', {
      description: 'Calls of the package vault, by operation and outcome.',
      ...seconds,
    }),
    observe({ name, help }) {
      if (observed.has(name)) return;
      observed.add(name);
      meter.createObservableGauge(name, { description: help }).addCallback((result) => {
        for (const { value, labels } of shownSamples(name)) result.observe(value, labels);
      });
    },
  };
}

export function recordCall(operation: string, outcome: string, milliseconds: number): void {
  instruments().callDuration.record(milliseconds / 1000, { operation, outcome });
}

export function recordCheckIn(policy: string): void {
  instruments().checkIns.add(1, { policy });
}

export function recordEvent(kind: string, status: string | null): void {
  const attributes: Attributes = { kind };
  if (status !== null) attributes['key_delivery_status'] = status;
  instruments().events.add(1, attributes);
}

export function recordChanges(consumer: string, shown: number, putOff: number): void {
  instruments().feedChanges.add(shown, { consumer });
  if (putOff > 0) instruments().feedPutOff.add(putOff, { consumer });
}

/** For the store's `onCharge`. */
export function recordRequestUnits(operation: string, requestUnits: number): void {
  instruments().requestUnits.add(requestUnits, { operation });
}

export function recordVaultCall(operation: string, outcome: string, milliseconds: number): void {
  instruments().vaultDuration.record(milliseconds / 1000, { operation, outcome });
}

/** For two rounds of a schedule of every hour, and some: then another instance takes them, or none. */
const SHOWN_MILLISECONDS = 9_000_000;

let shown: { readonly gauges: readonly FleetGauge[]; readonly until: number } | null = null;

/** Has the fleet's figures exported, until newer ones come or these are too old. */
export function showFleet(gauges: readonly FleetGauge[]): void {
  shown = { gauges, until: performance.now() + SHOWN_MILLISECONDS };
  for (const each of gauges) instruments().observe(each);
}

function shownSamples(name: string): FleetGauge['samples'] {
  if (shown === null || performance.now() > shown.until) return [];
  return shown.gauges.find((each) => each.name === name)?.samples ?? [];
}
