import { describe, expect, it } from 'vitest';
import { operations } from '../../../shared/api/operations.ts';
import { fleetGauges } from '../../../shared/domain/fleet-gauges.ts';
import type { FleetMetrics } from '../../../shared/domain/fleet-metrics.ts';
import { secondsBetween } from '../../../shared/domain/instant.ts';
import { parseSchedule } from '../../../infra/local/ncrontab.ts';
import { at as instant } from '../../domain/fixtures.ts';
import { at, Expression, textAt } from './bicep.ts';
import type { BicepObject } from './bicep.ts';
import { bicepFile, resource, resourcesOf } from './infrastructure.ts';

const takenOn = instant('2026-03-01');
const metrics: FleetMetrics = {
  type: 'fleetMetrics',
  id: 'fleet-metrics',
  groupId: '-keyturn',
  takenOn,
  groups: { NoKey: 0, Active: 1, Renewing: 1, KeyExpired: 0 },
  machines: { Default: 1, PendingNewKey: 1, KeyExpired: 0 },
  complete: true,
  nearestExpiryDate: instant('2026-04-01'),
  windowsOpen: 1,
  windowsEndingSoon: 1,
  windowsKeyOverdue: 0,
  machinesPending: 1,
  machinesAtRisk: 1,
  scanLagSeconds: 0,
  putOff: 0,
  deadLetters: 0,
  feed: [],
  health: { store: true },
};
const gauges = fleetGauges(metrics, '1.0.0', takenOn);
const metricsMinutes =
  (bicepFile('main.bicep').parameters.find(({ name }) => name === 'metricsMinutes')
    ?.allowed as readonly number[]) ?? [];
const text = bicepFile('modules/alerts.bicep').root.text;

describe('alerts on the service’s own figures', () => {
  const watched = [...text.matchAll(/Name == '([^']+)'/g)].map(([, name]) => name);

  it('watch figures that there are', () => {
    expect(gauges.map(({ name }) => name)).toEqual(expect.arrayContaining(watched));
    expect(watched).toEqual(
      expect.arrayContaining([
        'keyturn.machines_at_risk',
        'keyturn.put_off',
        'keyturn.dead_letters',
        'keyturn.health',
      ]),
    );
  });

  it('tell checks of the health apart by the label that they have', () => {
    const labels = gauges
      .find(({ name }) => name === 'keyturn.health')
      ?.samples.map(({ labels }) => Object.keys(labels));
    const asked = [...text.matchAll(/Properties\['(\w+)'\]/g)].map(([, label]) => label);
    expect(labels).toEqual([asked]);
  });
});

describe.each(metricsMinutes)('with figures every %s minutes', (minutes) => {
  it('the schedule says so', () => {
    const schedules = bicepFile('modules/app.bicep').variables['metricsSchedules'];
    const { next } = parseSchedule(textAt(schedules, String(minutes)));
    const first = next(takenOn);
    expect(secondsBetween(first, next(first))).toBe(minutes * 60);
  });

  it.each(['metricsWindows', 'putOffWindows'])('alerts look back at three takes or more: %s', (windows) => {
    const window = textAt(bicepFile('modules/alerts.bicep').variables[windows], String(minutes));
    expect(minutesOf(window)).toBeGreaterThanOrEqual(3 * minutes);
  });
});

function minutesOf(duration: string): number {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(duration) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

it('every alert on the service’s own figures looks back at some takes of them', () => {
  const alerts = bicepFile('modules/alerts.bicep').variables['logAlerts'] as readonly BicepObject[];
  const onFigures = alerts.filter((alert) => textAt(alert, 'query').includes('AppMetrics'));
  expect(onFigures.length).toBeGreaterThan(3);
  for (const { window } of onFigures) {
    expect(window).toBeInstanceOf(Expression);
    expect((window as Expression).text).toMatch(/^metricsWindow$|^putOffWindows\[/);
  }
});

it('the health is asked for from outside where it is answered', () => {
  const request = at(resource('Microsoft.Insights/webtests').body, 'properties', 'Request');
  expect(request).toMatchObject({
    HttpVerb: operations.health.method.toUpperCase(),
    RequestUrl: new Expression("'${appUrl}/api/" + operations.health.path + "'"),
  });
});

it('every alert tells the same people', () => {
  const rules = resourcesOf(/^Microsoft\.Insights\/(metricAlerts|scheduledQueryRules)$/);
  expect(rules).toHaveLength(3);
  for (const { body } of rules) {
    expect(JSON.stringify(at(body, 'properties', 'actions'))).toContain('people.id');
  }
});
