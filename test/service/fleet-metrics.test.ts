// The fleet in figures: taken by the timer, shown as OpenMetrics, and followed through the change feed.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Health } from '../../shared/api/event.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { useSystem } from '../../shared/compose.ts';
import { VERSION } from '../../shared/version.ts';
import { countCalls, hookedPorts, unavailable } from './hooked-ports.ts';
import type { PortCall } from './hooked-ports.ts';
import { cloned, joined } from './protocol-machine.ts';
import type { RunningService } from './running-service.ts';
import { PEOPLE, START, startService } from './running-service.ts';

const SHORT = { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 64_800 };

let ports: ReturnType<typeof hookedPorts>;
let service: RunningService;
beforeEach(async () => {
  ports = hookedPorts();
  service = await startService(ports.parts);
  return () => service.stop();
});

async function page(): Promise<string> {
  const answer = await service.call<string>('GET', 'metrics', undefined, PEOPLE.Reader);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** The samples of the page, by name and labels. */
async function samples(): Promise<Record<string, number>> {
  const lines = (await page()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

async function take(): Promise<Record<string, number>> {
  await service.host.invokeTimer('fleet-metrics');
  return samples();
}

/** Five minutes later. */
async function takeNext(): Promise<Record<string, number>> {
  service.clock.advanceMinutes(5);
  return take();
}

function lag(consumer: string): string {
  return `keyturn_feed_lag_seconds{consumer="${consumer}"}`;
}

async function failing(): Promise<string[]> {
  const { body } = await service.call<Health>('GET', 'health', undefined, null);
  return body.checks.filter(({ status }) => status === 'failing').map(({ name }) => name);
}

test('a new installation shows a sample for everything that can be counted', async () => {
  expect(await samples()).toEqual({
    'keyturn_groups{status="NoKey"}': 0,
    'keyturn_groups{status="Active"}': 0,
    'keyturn_groups{status="Renewing"}': 0,
    'keyturn_groups{status="KeyExpired"}': 0,
    'keyturn_machines{key_delivery_status="Default"}': 0,
    'keyturn_machines{key_delivery_status="PendingNewKey"}': 0,
    'keyturn_machines{key_delivery_status="KeyExpired"}': 0,
    keyturn_windows_open: 0,
    keyturn_windows_ending_soon: 0,
    keyturn_windows_key_overdue: 0,
    keyturn_machines_pending: 0,
    keyturn_machines_at_risk: 0,
    keyturn_scan_lag_seconds: 0,
    'keyturn_feed_lag_seconds{consumer="fleet-changes"}': 0,
    'keyturn_feed_lag_seconds{consumer="event-notifications"}': 0,
    keyturn_put_off: 0,
    keyturn_dead_letters: 0,
    'keyturn_health{check="renewalScan"}': 1,
    'keyturn_health{check="packageVault"}': 1,
    'keyturn_health{check="workQueue"}': 1,
    'keyturn_health{check="changeFeed"}': 1,
    keyturn_metrics_complete: 1,
    keyturn_metrics_taken_timestamp_seconds: Date.parse(START) / 1000,
    keyturn_metrics_age_seconds: 0,
    [`keyturn_build_info{version="${VERSION}"}`]: 1,
  });
});

test('the page is OpenMetrics text, for readers', async () => {
  const answer = await service.call<string>('GET', 'metrics', undefined, PEOPLE.Reader);
  expect(answer.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.body).toMatch(/\n# EOF\n$/);
  expect(answer.body).toContain('# TYPE keyturn_machines gauge\n');
});

test('a page costs one point read, once metrics were taken', async () => {
  await take();
  expect(await countCalls(ports, page)).toEqual({ 'store.read': 1 });
});

test('it is as old as what it shows', async () => {
  await take();
  service.clock.advanceSeconds(90);
  expect(await samples()).toMatchObject({
    keyturn_metrics_age_seconds: 90,
    keyturn_metrics_taken_timestamp_seconds: Date.parse(START) / 1000,
  });
});

describe('a fleet with a window', () => {
  test('is counted from its opening to its end', async () => {
    const issuer = await joined(service, (await service.newGroup(SHORT)).id);
    const { groupId } = issuer;
    await cloned(issuer, 2);
    await service.newGroup();
    const { nextRenewalDate, keyExpiryDate } = await service.group(groupId);
    expect(await take()).toMatchObject({
      'keyturn_groups{status="NoKey"}': 1,
      'keyturn_groups{status="Active"}': 1,
      'keyturn_machines{key_delivery_status="Default"}': 3,
      keyturn_nearest_expiry_days: 200_000 / 1440,
      keyturn_windows_open: 0,
    });

    await service.scanAt(nextRenewalDate as Instant);
    expect(await take()).toMatchObject({
      'keyturn_groups{status="Renewing"}': 1,
      keyturn_windows_open: 1,
      keyturn_windows_key_overdue: 0,
      keyturn_machines_pending: 3,
      keyturn_machines_at_risk: 0,
      keyturn_nearest_expiry_days: 45,
    });

    service.clock.set(addMinutes(nextRenewalDate as Instant, 1440));
    expect(await take()).toMatchObject({ keyturn_windows_key_overdue: 1, keyturn_windows_ending_soon: 0 });

    service.clock.set(addMinutes(keyExpiryDate as Instant, -14 * 1440));
    expect(await take()).toMatchObject({ keyturn_windows_ending_soon: 1, keyturn_machines_at_risk: 3 });

    await issuer.follow(await issuer.checkIn());
    expect(await take()).toMatchObject({
      keyturn_windows_key_overdue: 0,
      keyturn_machines_pending: 2,
      keyturn_machines_at_risk: 2,
    });

    const { endsOn } = (await service.group(groupId)).renewal ?? {};
    await service.scanAt(endsOn as Instant);
    expect(await take()).toMatchObject({
      'keyturn_groups{status="Active"}': 1,
      'keyturn_machines{key_delivery_status="KeyExpired"}': 2,
      keyturn_machines_pending: 0,
      keyturn_machines_at_risk: 0,
    });
  });
});

test('the nearest expiry is found among groups whose windows open late, too', async () => {
  const late = { groupKeyValidityPeriod: 400_000, groupKeyExpiryGracePeriod: 64_800 };
  const early = { groupKeyValidityPeriod: 500_000, groupKeyExpiryGracePeriod: 250_000 };
  // Its window opens first, and its key expires last.
  await joined(service, (await service.newGroup(early)).id);
  await joined(service, (await service.newGroup(late)).id);
  expect(await take()).toMatchObject({ keyturn_nearest_expiry_days: 400_000 / 1440 });
});

test('what is due and was not scanned is seen to wait', async () => {
  const { groupId } = await joined(service, (await service.newGroup(SHORT)).id);
  service.clock.set(addMinutes((await service.group(groupId)).nextRenewalDate as Instant, 20));
  expect(await take()).toMatchObject({
    keyturn_scan_lag_seconds: 1200,
    'keyturn_health{check="renewalScan"}': 0,
  });
  await service.scanAt(service.clock.now());
  expect(await take()).toMatchObject({
    keyturn_scan_lag_seconds: 0,
    'keyturn_health{check="renewalScan"}': 1,
  });
});

test.for<[string, (call: PortCall) => Error]>([
  ['is out of reach', unavailable],
  ['refuses', () => new Error('403')],
])('while the queue %s nothing is said of what is in it, and health says why', async ([, failure]) => {
  ports.hook({
    before: (call) => {
      if (call.kind.startsWith('queue.')) throw failure(call);
    },
  });
  const shown = await take();
  expect(shown).toHaveProperty(['keyturn_health{check="workQueue"}'], 0);
  expect(shown).not.toHaveProperty('keyturn_put_off');
  expect(shown).not.toHaveProperty('keyturn_dead_letters');
});

test('what was put off is counted as long as it waits', async () => {
  await service.system.queue.send({ what: 'nothing' }, 3600);
  expect(await take()).toMatchObject({ keyturn_put_off: 1, keyturn_dead_letters: 0 });
});

describe('the change feed', () => {
  test('that is followed lags by what it took the last metrics to come by', async () => {
    ports.restFeeds(true);
    await take();
    service.clock.advanceSeconds(7);
    ports.restFeeds(false);
    await service.host.drainFeeds();
    expect(await takeNext()).toMatchObject({ [lag('fleet-changes')]: 7, [lag('event-notifications')]: 7 });
  });

  test('that has stopped shows after a quarter of an hour, and no more once it goes on', async () => {
    ports.restFeeds(true);
    await take();
    for (const seconds of [0, 300, 600, 900]) {
      expect(await takeNext()).toMatchObject({
        [lag('fleet-changes')]: seconds,
        [lag('event-notifications')]: seconds,
        'keyturn_health{check="changeFeed"}': 1,
      });
      expect(await failing()).toEqual([]);
    }
    expect(await takeNext()).toMatchObject({ 'keyturn_health{check="changeFeed"}': 0 });
    expect(await failing()).toEqual(['changeFeed']);
    ports.restFeeds(false);
    await service.host.drainFeeds();
    expect(await failing()).toEqual([]);
    expect(await takeNext()).toMatchObject({ [lag('fleet-changes')]: 0 });
    expect(await failing()).toEqual([]);
  });
});

test('a service that stood still for a week, and has caught up, is well', async () => {
  ports.restFeeds(true);
  await take();
  service.clock.advanceMinutes(7 * 1440);
  ports.restFeeds(false);
  await service.host.drainFeeds();
  expect(await take()).toMatchObject({
    [lag('fleet-changes')]: 7 * 86_400,
    'keyturn_health{check="changeFeed"}': 1,
  });
  expect(await failing()).toEqual([]);
});

test('timers that have not run for three hours show, until they run again', async () => {
  await take();
  await service.host.drainFeeds();
  service.clock.advanceMinutes(180);
  expect(await failing()).toEqual([]);
  service.clock.advanceSeconds(1);
  expect(await failing()).toEqual(['changeFeed']);
  await take();
  expect(await failing()).toEqual([]);
});

test('a consumer that is switched off is not waited for', async () => {
  const { settings } = service.system;
  useSystem({ ...service.system, settings: { ...settings, feedConsumers: ['fleet-changes'] } });
  const shown = await take();
  expect(shown).toHaveProperty(['keyturn_feed_lag_seconds{consumer="fleet-changes"}'], 0);
  expect(shown).not.toHaveProperty(['keyturn_feed_lag_seconds{consumer="event-notifications"}']);
});
