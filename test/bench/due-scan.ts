// The scan opens the windows of the groups that are due, with the real services on a store on disk: once among many
// groups, once among few. What it costs must follow what is due, not how many groups there are.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { prepareBatch } from '../../shared/adapters/document-batch.ts';
import { localPeopleAuthenticator } from '../../shared/adapters/local-people-authenticator.ts';
import { type ManualClock, manualClock } from '../../shared/adapters/manual-clock.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { memoryWorkQueue } from '../../shared/adapters/memory-work-queue.ts';
import { applyBatch } from '../../shared/adapters/sqlite-batch.ts';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { toSelect } from '../../shared/adapters/sqlite-query.ts';
import { SqliteStatements } from '../../shared/adapters/sqlite-statements.ts';
import { addMinutes, type Instant } from '../../shared/domain/instant.ts';
import { GRACE_MINUTES_DEFAULT, VALIDITY_MINUTES_DEFAULT } from '../../shared/domain/policy.ts';
import type { DocumentStore, Query } from '../../shared/ports/document-store.ts';
import { scanRenewals } from '../../shared/services/renewals.ts';
import type { System } from '../../shared/services/system.ts';
import { VERSION } from '../../shared/version.ts';
import { figure, ratio, scaled } from './benchmark.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { groupDocument } from './fleet.ts';
import { median, spread } from './statistics.ts';

const MANY = 1_000_000;
const FEW = 1000;
const DUE = 100;
/** Each has its own due groups, a day after the wave before. */
const WAVES = 10;
const START = '2026-01-01T00:00:00Z' as Instant;
const DAY_MINUTES = 1440;
/** From the making of a key to the opening of its window. */
const OPENS_MINUTES = VALIDITY_MINUTES_DEFAULT - GRACE_MINUTES_DEFAULT;
/** Of one transaction while groups are loaded. */
const LOADED_AT_ONCE = 5000;

/** The first groups are due in waves, one a day; the others some time in the four years after. */
function opensOn(index: number, due: number): Instant {
  const day = index < due * WAVES ? Math.floor(index / due) : WAVES + 1 + (index % 1400);
  return addMinutes(START, day * DAY_MINUTES);
}

/**
 * Writes groups with the adapter's own statements, many to a transaction and without a sync: the store itself commits each
 * batch durably, and a million groups are a million batches.
 */
function load(file: string, groups: number, due: number): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA wal_autocheckpoint = 100000');
  const statements = new SqliteStatements(database);
  for (let start = 0; start < groups; start += LOADED_AT_ONCE) {
    database.exec('BEGIN IMMEDIATE');
    for (let index = start; index < Math.min(groups, start + LOADED_AT_ONCE); index++) {
      const document = groupDocument(index, addMinutes(opensOn(index, due), -OPENS_MINUTES));
      applyBatch(
        statements,
        document.groupId,
        prepareBatch(document.groupId, [{ kind: 'create', document }]),
      );
    }
    database.exec('COMMIT');
  }
  database.close();
}

interface World {
  readonly system: System;
  readonly clock: ManualClock;
  readonly file: string;
  /** What the scan asked for. */
  readonly queries: Query[];
}

function newWorld(file: string): World {
  const clock = manualClock(START);
  const queries: Query[] = [];
  const store = sqliteDocumentStore({ file });
  const watched: DocumentStore = {
    ...store,
    query: (query) => {
      queries.push(query);
      return store.query(query);
    },
  };
  const system: System = {
    store: watched,
    vault: memoryPackageVault(),
    queue: memoryWorkQueue(clock),
    clock,
    people: localPeopleAuthenticator(''),
    settings: {
      minimumAgentVersion: '2.23',
      steadyCheckInSeconds: 3600,
      feedConsumers: [],
      healthSeconds: 0,
      version: VERSION,
    },
  };
  return { system, clock, file, queries };
}

/** Opens the wave's windows; milliseconds. Then, unmeasured, lets the jobs that they left be done. */
async function openWave({ system, clock }: World, wave: number, due: number): Promise<number> {
  const now = addMinutes(START, wave * DAY_MINUTES);
  clock.set(now);
  const startedAt = performance.now();
  const report = await scanRenewals(system);
  const milliseconds = performance.now() - startedAt;
  if (report.transitions !== due || report.failures.length > 0) {
    throw new Error(
      `${report.transitions} windows opened instead of ${due}, ${report.failures.length} failed`,
    );
  }
  clock.set(addMinutes(now, 60));
  const { jobs } = await scanRenewals(system);
  if (jobs !== due) throw new Error(`${jobs} jobs were left instead of ${due}`);
  return milliseconds;
}

/** Milliseconds of asking for what is due, when nothing is. */
async function askInVain({ system, clock }: World): Promise<number> {
  clock.set(addMinutes(START, WAVES * DAY_MINUTES));
  const startedAt = performance.now();
  const { transitions } = await scanRenewals(system);
  if (transitions !== 0) throw new Error(`${transitions} groups were due where none should be`);
  return performance.now() - startedAt;
}

/** The plan of what the scan really asked. @throws Error unless it is a search of the index of what is due, unsorted. */
function requireIndexed({ file, queries }: World): string {
  const query = queries.find(({ type, orderBy }) => type === 'group' && orderBy === 'nextActionOn');
  if (query === undefined) throw new Error('the scan asked for no due groups');
  const { text, values } = toSelect(query, null);
  const database = new DatabaseSync(file, { readOnly: true });
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values);
  database.close();
  const plan = steps.map(({ detail }) => String(detail)).join('; ');
  const isIndexed = /^SEARCH documents USING INDEX documents_due \(type=\? AND nextActionOn[^;]*\)$/.test(
    plan,
  );
  if (!isIndexed) throw new Error(`the plan of the due query is: ${plan}`);
  return plan;
}

async function run({ scale, folder, say }: BenchContext) {
  const due = scaled(DUE, Math.min(1, scale * 10), 5);
  const sizes = {
    many: scaled(MANY, scale, due * WAVES),
    few: Math.max(FEW * Math.min(1, scale), due * WAVES),
  };
  const worlds = { many: join(folder, 'many.db'), few: join(folder, 'few.db') };
  const loadedIn = { many: 0, few: 0 };
  for (const size of ['few', 'many'] as const) {
    await sqliteDocumentStore({ file: worlds[size] }).close();
    const startedAt = performance.now();
    load(worlds[size], sizes[size], due);
    loadedIn[size] = (performance.now() - startedAt) / 1000;
    say(`${sizes[size]} groups loaded in ${loadedIn[size].toFixed(1)} s`);
  }
  const many = newWorld(worlds.many);
  const few = newWorld(worlds.few);
  const among = { many: [] as number[], few: [] as number[] };
  for (let wave = 0; wave < WAVES; wave++) {
    const inTurn = wave % 2 === 0 ? (['many', 'few'] as const) : (['few', 'many'] as const);
    for (const size of inTurn) among[size].push(await openWave({ many, few }[size], wave, due));
  }
  const plan = requireIndexed(many);
  const inVain = { many: await askInVain(many), few: await askInVain(few) };
  await many.system.store.close();
  await few.system.store.close();
  const ratios = among.many.map((milliseconds, wave) => milliseconds / (among.few[wave] ?? Number.NaN));
  return {
    figures: [
      figure(`opening ${due} among ${sizes.many} groups`, median(among.many), 'ms'),
      figure(`opening ${due} among ${sizes.few} groups`, median(among.few), 'ms'),
      figure(`a scan that finds nothing due among ${sizes.many}`, inVain.many, 'ms'),
      figure(`a scan that finds nothing due among ${sizes.few}`, inVain.few, 'ms'),
      figure(`loading ${sizes.many} groups`, loadedIn.many, 's'),
    ],
    ratios: [ratio('time among many / among few', median(ratios), { is: '<=', bound: 1.5 })],
    notes: [
      `The median of ${WAVES} waves; they varied from ${spread(ratios)}.`,
      `The plan of the due query: ${plan}.`,
      'Each opening is one durable batch of group, event and job, one after the other.',
    ],
  };
}

export const dueScanBenchmark: Benchmark = {
  name: 'due-scan',
  title: 'opening the groups that are due, among many groups and among few',
  run,
};
