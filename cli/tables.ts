// Tables and lists of facts, aligned by what is visible.
import { stripVTControlCharacters } from 'node:util';
import type { Terminal } from './terminal.ts';

/** Rows under headings, in columns as wide as their widest cell; nothing after the last. */
export function printTable(terminal: Terminal, headings: readonly string[], rows: readonly string[][]): void {
  const widths = headings.map((heading, column) =>
    Math.max(...[heading, ...rows.map((row) => row[column] ?? '')].map(visibleLength)),
  );
  terminal.print(terminal.style('bold', tableLine(headings, widths)));
  for (const row of rows) terminal.print(tableLine(row, widths));
}

function tableLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => padded(cell, widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}

/** Names with values, one a line; those without a value are left out. */
export function printFacts(
  terminal: Terminal,
  facts: readonly (readonly [name: string, value: string | 0 | null | undefined])[],
): void {
  const shown = facts.filter(([, value]) => typeof value === 'string' && value !== '');
  const width = Math.max(...shown.map(([name]) => visibleLength(name)));
  for (const [name, value] of shown) {
    terminal.print(`${terminal.style('dim', padded(name, width))}  ${String(value)}`);
  }
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}

function visibleLength(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** As people look for them: “bot-2” before “bot-10”. */
export function sortedByName<Row extends { readonly name: string; readonly id: string }>(
  rows: readonly Row[],
): Row[] {
  return rows.toSorted(
    (one, other) =>
      one.name.localeCompare(other.name, 'en', { numeric: true }) || (one.id < other.id ? -1 : 1),
  );
}
