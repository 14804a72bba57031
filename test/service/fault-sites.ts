// The places at which services write, as they are in the sources and as they are met on the stack: a test compares the two,
// so that no write goes without its faults.
import { codeOf, readSourceTree } from '../source-tree.ts';
import type { PortCall } from './hooked-ports.ts';

const WRITE_KINDS = ['store.write', 'vault.put', 'vault.delete', 'queue.send', 'queue.redrive'] as const;
export type WriteKind = (typeof WRITE_KINDS)[number];
export type FaultPoint = 'before' | 'after';

const WRITE = new RegExp(`\\b(?:${WRITE_KINDS.join('|').replaceAll('.', '\\.')})\\(`);
const OWN_FRAME = /^Error|\/test\/service\/(?:fault-|hooked-ports)/;
const SERVICE_FRAME = /\/shared\/services\/(?<site>[a-z-]+\.ts:\d+):\d+/;

export function isWrite(call: PortCall): call is PortCall & { kind: WriteKind } {
  return WRITE_KINDS.some((kind) => kind === call.kind);
}

/** `file:line` of the service's code that is calling a port just now; null when the caller is no service. */
export function siteOfCaller(): string | null {
  const frames = (new Error('for its stack').stack ?? '').split('\n');
  const caller = frames.find((frame) => !OWN_FRAME.test(frame)) ?? '';
  return SERVICE_FRAME.exec(caller)?.groups?.['site'] ?? null;
}

/** `file:line` of every write in the sources of the services. */
export function writesInSources(): string[] {
  return [...readSourceTree('shared/services')].flatMap(([path, text]) =>
    text
      .split('\n')
      .map((line, index) => ({ line, site: `${path.replace('shared/services/', '')}:${index + 1}` }))
      .filter(({ line }) => WRITE.test(codeOf(line)))
      .map(({ site }) => site),
  );
}

/** Which writes a fault was put on, and how. */
export class FaultySites {
  readonly #points = new Map<string, Set<FaultPoint>>();

  add(site: string | null, point: FaultPoint): void {
    if (site === null) throw new Error('the fault was put on no write');
    this.#points.set(site, (this.#points.get(site) ?? new Set()).add(point));
  }

  /** Those that had both faults. */
  get paired(): string[] {
    return [...this.#points].filter(([, points]) => points.size === 2).map(([site]) => site);
  }
}
