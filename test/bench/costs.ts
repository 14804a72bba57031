// What each function costs in calls of the ports, and the request units of Cosmos DB that those imply. Nothing is timed: on any
// machine the counts are the same. docs/cost.md extends them to ten million machines.
import { figure } from './benchmark.ts';
import type { Benchmark } from './benchmark.ts';
import { measureCosts } from './costs-scenario.ts';
import type { Measured } from './costs-scenario.ts';
import { countedText } from './costs-table.ts';

/** Of the group that is renewed, at any scale: the table says so. */
export const COSTS_MACHINES = 1000;

export const costsBenchmark: Benchmark = {
  name: 'costs',
  title: 'operations per request, for every function, with the Cosmos DB request units that they imply',
  async run({ say }) {
    say(`a group of ${COSTS_MACHINES} machines lives through a renewal`);
    const measured = await measureCosts(COSTS_MACHINES);
    requireAll(measured);
    return {
      figures: measured.costs.map(({ name, variant, cost }) =>
        figure(`${name}${variant && ` (${variant})`}: ${countedText(cost)}`, cost.requestUnits, 'RU'),
      ),
      ratios: [],
      notes: [
        'Calls are counted at the ports, under the real functions on the real host, over HTTP.',
        'Request units are reckoned, not measured: the rules and what is assumed stand in costs-request-units.ts and docs/cost.md.',
        'Two functions read the change feed: what that costs beyond a request is in the table of docs/cost.md.',
      ],
    };
  },
};

/** @throws Error when a function that is deployed was not measured: a table with gaps would pass for whole. */
export function requireAll({ costs, functionNames }: Measured): void {
  const names = new Set(costs.map(({ name }) => name));
  const missing = functionNames.filter((name) => !names.has(name));
  if (missing.length > 0) throw new Error(`not measured: ${missing.join(', ')}`);
}
