import { describe, expect, it } from 'vitest';
import { operations } from '../../../shared/api/operations.ts';
import { fleetGauges } from '../../../shared/domain/fleet-gauges.ts';
import type { FleetMetrics } from '../../../shared/domain/fleet-metrics.ts';
import { at as instant } from '../../domain/fixtures.ts';
import { at, Expression } from './bicep.ts';
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
const text = bicepFile('modules/alerts.bicep').root.text;

describe('alerts on the service’s own figures', () => {
  const watched = [...text.matchAll(/Name == '([^']+)'/g)].map(([, name]) => name);

  it('watch figures that there are', () => {
    expect(gauges.map(({ name }) => name)).toEqual(expect.arrayContaining(watched));
    expect(watched).toEqual(
      expect.arrayContaining(['keyturn.machines_at_risk', 'keyturn.dead_letters', 'keyturn.health']),
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
