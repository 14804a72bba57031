// The costs as a table of Markdown: what was counted, and the request units that it implies.
import type { Cost } from './costs-ports.ts';
import type { MeasuredCost } from './costs-scenario.ts';

const HEAD = [
  'Function',
  'When',
  'Reads',
  'Queries',
  'Counts',
  'Writes',
  'KB written',
  'Vault, queue',
  'RU',
  'RU of the feed',
];
const LINE = ['---', '---', '---:', '---:', '---:', '---:', '---:', '---', '---:', '---:'];

export function costTable(costs: readonly MeasuredCost[]): string {
  const rows = costs.map(({ name, variant, cost }) => [
    name,
    variant,
    ...countedCells(cost),
    oneDigit(cost.requestUnits),
    oneDigit(cost.feedRequestUnits),
  ]);
  return toMarkdown([HEAD, LINE, ...rows]);
}

export function toMarkdown(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function countedCells(cost: Cost): string[] {
  return [
    count(cost.reads),
    count(cost.queries),
    count(cost.counts),
    writesText(cost),
    cost.bytes === 0 ? '' : oneDigit(cost.bytes / 1024),
    otherCalls(cost),
  ];
}

function otherCalls({ vaultCalls, queueCalls }: Cost): string {
  return [...vaultCalls, ...queueCalls.map((call) => `queue ${call}`)].join(', ');
}

/** Batches, and in brackets the operations of all of them where each is not of one. */
export function writesText({ batches, operations }: Cost): string {
  return batches === operations ? count(batches) : `${batches} (${operations})`;
}

/** For a line of its own: what was counted, without what was not. */
export function countedText(cost: Cost): string {
  const { reads, queries, counts, batches, vaultCalls, queueCalls } = cost;
  const parts = [
    reads > 0 && `reads ${reads}`,
    queries > 0 && `queries ${queries}`,
    counts > 0 && `counts ${counts}`,
    batches > 0 && `writes ${writesText(cost)}`,
    vaultCalls.length > 0 && `vault ${vaultCalls.join(', ')}`,
    queueCalls.length > 0 && `queue ${queueCalls.join(', ')}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function count(number: number): string {
  return number === 0 ? '' : String(number);
}

function oneDigit(number: number): string {
  return number.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
