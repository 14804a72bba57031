// Steady check-ins through the real programming model, against a function that does nothing on the same host. Rounds of
// the loads alternate, so that what else the machine does weighs on all of them.
import { join } from 'node:path';
import { systemClock } from '../../shared/adapters/system-clock.ts';
import { type CheckInAnswer, checkInAnswerSchema } from '../../shared/api/check-in.ts';
import { machineIdentityToPem } from '../../shared/crypto/machine-identity.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { figure, ratio, scaled } from './benchmark.ts';
import type { BenchContext, Benchmark, BenchResult, Figure } from './benchmark.ts';
import { type Child, startChild } from './child.ts';
import { groupDocument, groupIdOf, machineIdOf, newIdentities, seedFleet } from './fleet.ts';
import type { Load, LoadAnswers, LoadResult } from './load-process.ts';
import type { ServiceAnswers } from './service-process.ts';
import { median, quantile, spread } from './statistics.ts';

const MACHINES = 100_000;
const MACHINES_PER_GROUP = 100;
const IDENTITIES = 200;
const CONNECTIONS = 64;
const ROUNDS = 8;
/** Of one round of one load; with these, fresh tokens last for all rounds. */
const REQUESTS = 10_000;
const WARM_UP = 1000;
/** Few enough for a warm-up to show the service all of them. */
const TOKENS_AGAIN = 500;
const KINDS = ['nothing', 'fresh', 'known', 'again'] as const;

type Kind = Load['kind'];

/** What the function that does nothing answers: a steady check-in's answer, so that both send as much. */
export const NOTHING: CheckInAnswer = {
  machineId: machineIdOf(0),
  groupId: groupIdOf(0),
  keyDeliveryStatus: 'Default',
  keyVersion: 1,
  group: {
    name: 'Packing line 0',
    status: 'Active',
    primaryKey: groupDocument(0, '2026-01-01T00:00:00Z' as Instant).primaryKey,
    secondaryKey: null,
    renewal: null,
    passwordStale: false,
    passwordRevision: 1,
  },
  policy: 'UpToDate',
  reason: 'Up to date with version 1.',
  actions: [{ action: 'wait' }],
  nextCheckIn: { afterSeconds: 3600 },
};

interface Round {
  readonly perSecond: number;
  readonly cpuMilliseconds: number;
  readonly latencies: Float64Array;
}

/** What a machine that is up to date is told; anything else means that the wrong thing was measured. */
function requireSteady(kind: Kind, { failures, answer }: LoadResult): void {
  if (failures > 0) throw new Error(`${failures} requests failed: ${answer}`);
  const { policy } = checkInAnswerSchema.parse(JSON.parse(answer.slice('200 '.length)));
  if (policy !== 'UpToDate') throw new Error(`${kind}: not a steady check-in: ${answer}`);
}

async function measure(
  service: Child<ServiceAnswers>,
  load: Child<LoadAnswers>,
  options: Load,
): Promise<Round> {
  await load.ask('run', { ...options, requests: Math.ceil((options.requests * WARM_UP) / REQUESTS) });
  const before = await service.ask('usage', undefined);
  const result = await load.ask('run', options);
  const after = await service.ask('usage', undefined);
  requireSteady(options.kind, result);
  const count = result.latencies.length;
  return {
    perSecond: count / result.seconds,
    cpuMilliseconds: (after.cpuMilliseconds - before.cpuMilliseconds) / count,
    latencies: result.latencies,
  };
}

async function rounds(
  context: BenchContext,
  service: Child<ServiceAnswers>,
  load: Child<LoadAnswers>,
): Promise<Record<Kind, Round[]>> {
  const { scale, folder, say } = context;
  const machines = scaled(MACHINES, scale, 200);
  const identities = await newIdentities(scaled(IDENTITIES, scale, 4));
  const file = join(folder, 'fleet.db');
  const startedAt = performance.now();
  await seedFleet(file, { machines, machinesPerGroup: MACHINES_PER_GROUP, identities });
  say(`${machines} machines registered in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  const url = await service.ask('start', { file, nothing: NOTHING });
  const identityPems = identities.map(machineIdentityToPem);
  const now = systemClock().now();
  const tokensAgain = scaled(TOKENS_AGAIN, scale);
  const more = { tokens: machines, machines: tokensAgain };
  const fleet = { identityPems, machinesPerGroup: MACHINES_PER_GROUP, from: 0, to: machines, now, more };
  say(`${await load.ask('sign', fleet)} tokens signed`);

  const requests = scaled(REQUESTS, scale);
  const common = { url, connections: CONNECTIONS, requests, tokensAgain };
  const measured: Record<Kind, Round[]> = { nothing: [], fresh: [], known: [], again: [] };
  for (const kind of KINDS) await measure(service, load, { ...common, kind });
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed()) {
      measured[kind].push(await measure(service, load, { ...common, kind }));
    }
    say(`round ${round + 1}: ${KINDS.map((kind) => `${kind} ${rate(measured[kind].at(-1))}`).join(', ')}`);
  }
  return measured;
}

function rate(round: Round | undefined): string {
  return `${Math.round(round?.perSecond ?? 0)}/s`;
}

const pooled = (all: readonly Round[]): number[] => all.flatMap(({ latencies }) => [...latencies]);

function figuresOf(name: string, all: readonly Round[]): Figure[] {
  return [
    figure(`${name}: throughput`, median(all.map(({ perSecond }) => perSecond)), 'req/s'),
    figure(`${name}: p50`, quantile(pooled(all), 0.5), 'ms'),
    figure(`${name}: p99`, quantile(pooled(all), 0.99), 'ms'),
    figure(
      `${name}: CPU of the service`,
      median(all.map(({ cpuMilliseconds }) => cpuMilliseconds)),
      'ms/req',
    ),
  ];
}

/** Of each round, what a kind reached against the function that does nothing in the same round. */
function throughputRatios(of: readonly Round[], nothing: readonly Round[]): number[] {
  return of.map(({ perSecond }, round) => perSecond / (nothing[round]?.perSecond ?? Number.NaN));
}

function resultOf({ nothing, fresh, known, again }: Record<Kind, Round[]>): BenchResult {
  const freshRatios = throughputRatios(fresh, nothing);
  const knownRatios = throughputRatios(known, nothing);
  const againRatios = throughputRatios(again, nothing);
  const p99 = quantile(pooled(nothing), 0.99);
  return {
    figures: [
      ...figuresOf('do-nothing function', nothing),
      ...figuresOf('check-in, fresh token', fresh),
      ...figuresOf('check-in, fresh token of a known machine', known),
      ...figuresOf('check-in, token seen before', again),
    ],
    ratios: [
      ratio('throughput, fresh token / nothing', median(freshRatios), { is: '>=', bound: 0.75 }),
      ratio('p99, fresh token / nothing', quantile(pooled(fresh), 0.99) / p99, { is: '<=', bound: 1.5 }),
      ratio('throughput, known machine / nothing', median(knownRatios)),
      ratio('p99, known machine / nothing', quantile(pooled(known), 0.99) / p99),
      ratio('throughput, token seen before / nothing', median(againRatios)),
      ratio('p99, token seen before / nothing', quantile(pooled(again), 0.99) / p99),
    ],
    notes: [
      'Goals are for fresh tokens: agents check in once an hour and sign a new token each time.',
      'An instance remembers the keys of 20,000 machines: larger fleets on one instance pay for fresh ones.',
      `Throughput ratios are medians of ${ROUNDS} pairs of rounds: fresh ${spread(freshRatios)}, known machine ${spread(knownRatios)}, seen before ${spread(againRatios)}.`,
      `${CONNECTIONS} connections, from a process of their own that shares the processors with the service.`,
    ],
  };
}

export const checkInBenchmark: Benchmark = {
  name: 'check-in',
  title: 'steady check-ins against a function that does nothing, on the embedded host',
  async run(context) {
    const service = startChild<ServiceAnswers>('service-process.ts');
    const load = startChild<LoadAnswers>('load-process.ts');
    try {
      return resultOf(await rounds(context, service, load));
    } finally {
      await load.stop();
      await service.stop();
    }
  },
};
