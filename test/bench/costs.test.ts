// That the page on costs shows what the code does; and that what it reckons with follows the rules it names.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FleetDocument } from '../../shared/ports/document-store.ts';
import { COST_DOCUMENT, costTables, withTables } from './costs-document.ts';
import { bytesOf, createUnits, deleteUnits, readUnits, replaceUnits } from './costs-request-units.ts';
import { measureCosts } from './costs-scenario.ts';
import type { Measured } from './costs-scenario.ts';
import { COSTS_MACHINES, requireAll } from './costs.ts';

let measured: Measured;
beforeAll(async () => {
  measured = await measureCosts(COSTS_MACHINES);
});

/** Cells of a table's lines, without those that follow from sizes: signatures and packages differ by some bytes. */
function countedCells(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line.startsWith('|') && !line.startsWith('| --'));
  return lines
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => [...cells.slice(1, 7), cells[8] ?? '']);
}

test('docs/cost.md shows what each function asks of store and vault; run costs-document.ts when it does not', () => {
  const [, written = ''] =
    /<!-- table operations -->([^]*?)<!-- end -->/.exec(readFileSync(COST_DOCUMENT, 'utf8')) ?? [];
  expect(countedCells(written)).toEqual(countedCells(costTables(measured)['operations'] ?? ''));
});

test('every function that is deployed is measured, and one that is not is reported', () => {
  expect(() => requireAll(measured)).not.toThrow();
  const costs = measured.costs.filter(({ name }) => name !== 'leaveGroup');
  expect(() => requireAll({ ...measured, costs })).toThrow('leaveGroup');
});

test('tables replace what stands between their marks, and nothing else', () => {
  const text = 'a\n<!-- table one -->\nold\n<!-- end -->\nb\n<!-- table two -->\n<!-- end -->\n';
  expect(withTables(text, { one: '| 1 |\n', two: '| 2 |\n' })).toBe(
    'a\n<!-- table one -->\n\n| 1 |\n\n<!-- end -->\nb\n<!-- table two -->\n\n| 2 |\n\n<!-- end -->\n',
  );
  expect(() => withTables(text, { one: '' })).toThrow('two');
});

/** A document of so many KB as it is stored. */
function documentOf(kilobytes: number, fields: object = {}): FleetDocument {
  const document = { type: 'machine', id: 'm', groupId: 'g', filler: '', ...fields } as const;
  return { ...document, filler: 'x'.repeat(1024 * kilobytes - bytesOf(document)) } as FleetDocument;
}

describe('request units', () => {
  test.for([
    [1, 1, 4.95],
    [2, 1.04, 6.29],
    [3, 1.09, 6.48],
    [4, 1.14, 6.67],
    [32, 2.19, 11.23],
  ])(
    'of %d KB are those of the published table, and between its lines in proportion',
    ([size = 0, read = 0, write = 0]) => {
      const document = documentOf(size);
      expect(readUnits(document)).toBeCloseTo(read, 5);
      // One term: the type.
      expect(createUnits(document)).toBeCloseTo(write + 0.2, 5);
      expect(deleteUnits(document)).toBeCloseTo(write + 0.2, 5);
    },
  );

  test('of a replacement are those of deletion and insertion, and of the terms that change', () => {
    const before = documentOf(1, { status: 'a', name: 'a' });
    expect(replaceUnits(before, documentOf(1, { status: 'a', name: 'b' }))).toBeCloseTo(2 * 4.95, 5);
    expect(replaceUnits(before, documentOf(1, { status: 'b', name: 'b' }))).toBeCloseTo(
      2 * 4.95 + 2 * 0.2,
      5,
    );
  });

  test('are not made up for documents larger than the table', () => {
    expect(() => readUnits(documentOf(33))).toThrow('33 KB');
  });
});
