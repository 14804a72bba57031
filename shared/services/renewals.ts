// Renewals: an operator opens a window; the scan makes every transition that is due and takes up stalled jobs.
import { Problem } from '../api/problem.ts';
import type { Group } from '../domain/group.ts';
import { dueTransition } from '../domain/group-transition.ts';
import type { Instant } from '../domain/instant.ts';
import type { Job } from '../domain/job.ts';
import type { DocumentType, FleetDocument, Page, Stored } from '../ports/document-store.ts';
import type { Person } from '../ports/people-authenticator.ts';
import { untilNoConflict } from './contention.ts';
import { currentGroup, isSettled, readGroup, writeTransition } from './group-transitions.ts';
import { carryOn } from './jobs.ts';
import type { System } from './system.ts';
import { forEver } from './waits.ts';
import type { MayGoOn } from './waits.ts';

/** Opens a window now. @throws Problem `GroupHasNoKey`, `GroupKeyExpired`, `RenewalInProgress`. */
export async function openRenewal(system: System, groupId: string, person: Person): Promise<Group> {
  const opened = await untilNoConflict(async () => {
    const stored = await currentGroup(system, groupId);
    refuseUnlessActive(stored.document);
    if (!(await isSettled(system, stored.document))) throw unsettled();
    const actor = { kind: 'person', id: person.name } as const;
    const transition = { kind: 'openWindow', reason: 'OperatorRequested' } as const;
    return writeTransition(system, stored, transition, actor, system.clock.now());
  });
  return opened.document;
}

function refuseUnlessActive({ status, renewal }: Group): void {
  switch (status) {
    case 'Active':
      return;
    case 'Renewing':
      throw new Problem(
        'RenewalInProgress',
        `A window is open since ${renewal?.startsOn}; the next can open when it has ended.`,
      );
    case 'NoKey':
      throw new Problem('GroupHasNoKey', 'The group has no key to renew; join a first machine to make one.');
    case 'KeyExpired':
    case 'Deleted':
      throw new Problem(
        'GroupKeyExpired',
        'The group’s certificate has expired; delete the group and create a new one.',
      );
  }
}

function unsettled(): Problem {
  return new Problem(
    'RenewalInProgress',
    'The end of the last window is still being brought to the machines; try again in a minute.',
  );
}

export interface ScanReport {
  readonly transitions: number;
  readonly jobs: number;
  /** Groups and jobs that could not be brought forward; they stay due and are tried again at the next scan. */
  readonly failures: readonly { readonly groupId: string; readonly error: unknown }[];
}

const PAGE = 100;

/**
 * Makes every transition that is due and takes up every stalled job, soonest first. One that fails stops no other.
 * @param mayGoOn is asked between two of them, and within a job; what is left stays due.
 */
export async function scanRenewals(system: System, mayGoOn: MayGoOn = forEver): Promise<ScanReport> {
  const now = system.clock.now();
  const failures: { groupId: string; error: unknown }[] = [];
  const transitions = await forEachDue<Group>(
    system,
    'group',
    now,
    mayGoOn,
    failures,
    async ({ document }) => {
      const before = await readGroup(system, document.groupId);
      if (dueTransition(before.document, now) !== null) await currentGroup(system, document.groupId);
    },
  );
  const jobs = await forEachDue<Job>(system, 'job', now, mayGoOn, failures, async (job) => {
    await carryOn(system, job, mayGoOn);
  });
  return { transitions, jobs, failures };
}

async function forEachDue<D extends FleetDocument>(
  system: System,
  type: DocumentType,
  now: Instant,
  mayGoOn: MayGoOn,
  failures: { groupId: string; error: unknown }[],
  act: (due: Stored<D>) => Promise<void>,
): Promise<number> {
  let done = 0;
  let cursor: string | null = null;
  do {
    const page: Page<D> = await system.store.query<D>({
      type,
      where: [{ field: 'nextActionOn', is: '<=', value: now }],
      orderBy: 'nextActionOn',
      limit: PAGE,
      cursor,
    });
    for (const due of page.items) {
      if (!mayGoOn()) return done;
      try {
        await act(due);
        done++;
      } catch (error) {
        failures.push({ groupId: due.document.groupId, error });
      }
    }
    cursor = page.cursor;
  } while (cursor !== null);
  return done;
}
