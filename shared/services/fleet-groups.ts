// What the fleet's figures need of groups one by one: which windows are in trouble, and which key expires soonest. The most urgent
// come first, so that whatever is left out when the budget is spent matters least.
import { isKeyOverdue, isWindowEndingSoon } from '../domain/fleet-metrics.ts';
import type { Group } from '../domain/group.ts';
import { addMinutes, earliest } from '../domain/instant.ts';
import type { Instant } from '../domain/instant.ts';
import { GRACE_MINUTES_MIN } from '../domain/policy.ts';
import type { Page } from '../ports/document-store.ts';
import type { System } from './system.ts';

const PAGE = 1000;
/** Of the groups whose window has yet to open. */
const RESTING_PAGES_MAX = 20;
const COUNTS_AT_ONCE = 16;

/** How far a look at groups may go. */
export interface Budget {
  /** Is asked between two pages, and between some counts and the next. */
  readonly mayGoOn: () => boolean;
  /** Whether anything was left out. */
  isSpent: boolean;
}

export interface OpenWindows {
  endingSoon: number;
  keyOverdue: number;
  machinesAtRisk: number;
  nearestExpiryDate: Instant | null;
}

/** A page for every thousand of them, and a count for each that ends soon. */
export async function openWindows(system: System, now: Instant, budget: Budget): Promise<OpenWindows> {
  const found: OpenWindows = { endingSoon: 0, keyOverdue: 0, machinesAtRisk: 0, nearestExpiryDate: null };
  for await (const groups of groupsBySoonest(system, 'Renewing', budget, Infinity)) {
    for (const { keyExpiryDate } of groups)
      found.nearestExpiryDate = sooner(found.nearestExpiryDate, keyExpiryDate);
    found.keyOverdue += groups.filter((group) => isKeyOverdue(group, now)).length;
    const endingSoon = groups.filter((group) => isWindowEndingSoon(group, now));
    found.endingSoon += endingSoon.length;
    found.machinesAtRisk += await pendingOf(system, endingSoon, budget);
  }
  return found;
}

/** How many machines of the groups wait for a new key. */
async function pendingOf({ store }: System, groups: readonly Group[], budget: Budget): Promise<number> {
  let pending = 0;
  for (let done = 0; done < groups.length; done += COUNTS_AT_ONCE) {
    if (done > 0 && !goesOn(budget)) break;
    const counts = await Promise.all(
      groups
        .slice(done, done + COUNTS_AT_ONCE)
        .map(({ groupId }) => store.countBy(groupId, 'machine', 'keyDeliveryStatus')),
    );
    for (const count of counts) pending += count.get('PendingNewKey') ?? 0;
  }
  return pending;
}

/**
 * The soonest expiry of all: of the groups whose window is open, as given, and of the others. These come in the order in which
 * their windows open, which is the shortest grace period before their expiry or more: mostly, few need to be looked at. The
 * key of a group that is left out of a fleet of very many is good for that period or more after its window opens.
 */
export async function nearestExpiry(
  system: System,
  ofWindows: Instant | null,
  budget: Budget,
): Promise<Instant | null> {
  let nearest = ofWindows;
  for await (const groups of groupsBySoonest(system, 'Active', budget, RESTING_PAGES_MAX)) {
    for (const { nextActionOn, keyExpiryDate } of groups) {
      if (nextActionOn === null) continue;
      if (nearest !== null && addMinutes(nextActionOn, GRACE_MINUTES_MIN) >= nearest) return nearest;
      nearest = sooner(nearest, keyExpiryDate);
    }
  }
  return nearest;
}

function sooner(one: Instant | null, other: Instant | null): Instant | null {
  if (one === null || other === null) return one ?? other;
  return earliest(one, other);
}

/** Pages of the groups, the first of them in any case; those first for which something is to be done soonest. */
async function* groupsBySoonest(
  { store }: System,
  status: Group['status'],
  budget: Budget,
  pagesMax: number,
): AsyncGenerator<readonly Group[]> {
  let cursor: string | null = null;
  for (let pages = 1; ; pages++) {
    const page: Page<Group> = await store.query<Group>({
      type: 'group',
      where: [{ field: 'status', is: '=', value: status }],
      orderBy: 'nextActionOn',
      limit: PAGE,
      cursor,
    });
    yield page.items.map(({ document }) => document);
    cursor = page.cursor;
    if (cursor === null) return;
    if (pages === pagesMax) budget.isSpent = true;
    if (!goesOn(budget)) return;
  }
}

function goesOn(budget: Budget): boolean {
  budget.isSpent ||= !budget.mayGoOn();
  return !budget.isSpent;
}
