import { describe, expect, it } from 'vitest';
import {
  COMPOSITE_COLUMNS,
  COSMOS_CONTAINERS,
  FLEET_CONTAINER,
} from '../../shared/adapters/cosmos-container.ts';
import { toCount, toSelect } from '../../shared/adapters/cosmos-query.ts';
import { FIELD_COLUMNS } from '../../shared/adapters/document-batch.ts';
import { orderOf, startOf, toCursor } from '../../shared/adapters/query-cursor.ts';
import type { Condition, Query } from '../../shared/ports/document-store.ts';

const due: Query = {
  type: 'group',
  where: [{ field: 'nextActionOn', is: '<=', value: '2026-11-22T00:00:00Z' }],
  orderBy: 'nextActionOn',
  limit: 100,
};
const machines: Query = { type: 'machine', limit: 100 };
const newest: Query = { type: 'event', orderBy: 'newest', limit: 100 };
const equal = (field: Condition['field']): Condition => ({ field, is: '=', value: 'x' });
const member = equal('membership');

const QUERIES: readonly (readonly [string, Query, string])[] = [
  ['what is due', due, 'type nextActionOn groupId id'],
  ['what is due in a group', { ...due, groupId: 'g' }, 'type nextActionOn groupId id'],
  ['machines', machines, 'type groupId id'],
  ['machines of a group', { ...machines, groupId: 'g' }, 'type groupId id'],
  ['members of a group', { ...machines, groupId: 'g', where: [member] }, 'type groupId id'],
  ['groups in one status', { ...machines, where: [equal('status')] }, 'type status groupId id'],
  [
    'members in one delivery status',
    { ...machines, where: [member, equal('keyDeliveryStatus')] },
    'type keyDeliveryStatus groupId id',
  ],
  [
    'members of a group in one delivery status',
    { ...machines, groupId: 'g', where: [member, equal('keyDeliveryStatus')] },
    'type keyDeliveryStatus groupId id',
  ],
  [
    'machines with one agent',
    { ...machines, where: [equal('agentVersion')] },
    'type agentVersion groupId id',
  ],
  ['newest events', newest, 'type occurredOn id groupId'],
  ['newest events in one status', { ...newest, where: [equal('status')] }, 'type occurredOn id groupId'],
  ['newest events of a group', { ...newest, groupId: 'g' }, 'type groupId occurredOn id'],
  [
    'newest events of a machine',
    { ...newest, where: [equal('machineId')] },
    'type machineId occurredOn id groupId',
  ],
  [
    'newest events of a machine in its group',
    { ...newest, groupId: 'g', where: [equal('machineId')] },
    'type groupId machineId occurredOn id',
  ],
];

function nextPageOf(query: Query): Query {
  const last = orderOf(query).columns.map((column) => `last ${column}`);
  return { ...query, cursor: toCursor(query, last) };
}

const indexed = new Set([
  'id',
  ...(FLEET_CONTAINER.indexingPolicy?.includedPaths ?? []).map(({ path }) => path.slice(1, -2)),
]);

describe('statements', () => {
  it.each(QUERIES)(
    'order %s as the index that begins with what they ask, first page and next',
    (_, query, index) => {
      for (const each of [query, nextPageOf(query)]) {
        const { query: text } = toSelect(each, startOf(each));
        const order = text.slice(text.indexOf('ORDER BY ') + 9);
        const direction = query.orderBy === 'newest' ? 'DESC' : 'ASC';
        expect(order).toBe(
          index
            .split(' ')
            .map((column) => `c.${column} ${direction}`)
            .join(', '),
        );
      }
    },
  );

  it.each(QUERIES)('of %s ask for indexed fields alone, and name values by parameters', (_, query) => {
    for (const each of [query, nextPageOf(query)]) {
      const { query: text, parameters = [] } = toSelect(each, startOf(each));
      const fields = [...text.matchAll(/c\.(\w+)/g)].map(([, field]) => field);
      expect(fields.filter((field) => !indexed.has(field ?? ''))).toEqual([]);
      expect(text).not.toContain('2026-11-22');
      for (const { name } of parameters) expect(text).toContain(name);
    }
  });

  it('begin a page with a bound on the first column that is not fixed, and leave out what has none', () => {
    expect(toSelect(due, null).query).toContain('c.nextActionOn >= ""');
    const next = toSelect(nextPageOf(due), startOf(nextPageOf(due)));
    expect(next.query).toContain('AND c.nextActionOn >= @p2 AND (c.nextActionOn > @p2 OR');
    expect(next.parameters?.[2]?.value).toBe('last nextActionOn');
    const later = nextPageOf(newest);
    expect(toSelect(later, startOf(later)).query).toContain(
      'AND c.occurredOn <= @p1 AND (c.occurredOn < @p1 OR',
    );
  });

  it('of counts group by an indexed field', () => {
    expect(toCount('g', 'machine', 'keyDeliveryStatus')).toEqual({
      query:
        'SELECT c.keyDeliveryStatus AS counted, COUNT(1) AS documents FROM c' +
        ' WHERE c.type = @p0 AND c.groupId = @p1' +
        ' AND (IS_STRING(c.keyDeliveryStatus) OR IS_NUMBER(c.keyDeliveryStatus)) GROUP BY c.keyDeliveryStatus',
      parameters: [
        { name: '@p0', value: 'machine' },
        { name: '@p1', value: 'g' },
      ],
    });
  });
});

describe('the containers', () => {
  it('are partitioned by group, and by id, and documents may say when they end', () => {
    const keys = COSMOS_CONTAINERS.map(({ id, partitionKey, defaultTtl }) => [
      id,
      partitionKey.paths,
      defaultTtl,
    ]);
    expect(keys).toEqual([
      ['fleet', ['/groupId'], -1],
      ['leases', ['/id'], undefined],
    ]);
  });

  it('index every field that queries know, and no more', () => {
    expect(indexed).toEqual(new Set(['id', 'type', 'groupId', ...FIELD_COLUMNS]));
    expect(FLEET_CONTAINER.indexingPolicy?.excludedPaths).toEqual([{ path: '/*' }]);
  });

  it('have no composite index that no query uses', () => {
    const used = new Set(QUERIES.map(([, , index]) => index));
    const declared = Object.values(COMPOSITE_COLUMNS).flatMap((each) =>
      each.map((columns) => columns.join(' ')),
    );
    expect(new Set(declared)).toEqual(used);
  });
});
