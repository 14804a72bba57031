// The house's rules over the source tree. Each answers what breaks it, in a line a person can act on.
import { codeOf, importGraph, wayTo } from './source-tree.ts';
import type { Import, SourceTree } from './source-tree.ts';

interface Layer {
  readonly of: RegExp;
  readonly mayImport: RegExp;
  /** What it may name in types besides. */
  readonly mayNameTypesOf?: RegExp;
  /** What it may load when it comes to that, besides. */
  readonly mayLoad?: RegExp;
  readonly packages: RegExp;
}

const NO_PACKAGES = /^$/;
const ANY_PACKAGE = /^/;

/** Clocks, what they wait with, and the lock on a folder: all that a machine needs of adapters. */
const MACHINE_ADAPTERS = '(system-clock|file-clock|npm-parent|pause|sqlite-folder-lock)';

/** Imports point one way. Every file of the tree belongs to exactly one layer. */
export const LAYERS: readonly Layer[] = [
  { of: /^shared\/domain\//, mayImport: /^shared\/domain\//, packages: NO_PACKAGES },
  { of: /^shared\/ports\//, mayImport: /^shared\/(ports|domain)\//, packages: NO_PACKAGES },
  { of: /^shared\/api\//, mayImport: /^shared\/(api|domain)\//, packages: /^zod(-openapi)?$/ },
  {
    of: /^shared\/crypto\//,
    mayImport: /^shared\/(crypto\/|domain\/instant\.ts$)/,
    packages: /^(node:(crypto|util)|jose|node-forge|zod)$/,
  },
  {
    of: /^shared\/adapters\//,
    mayImport: /^shared\/(adapters\/|ports\/|telemetry\/(invocations|measures)\.ts$|domain\/instant\.ts$)/,
    packages: ANY_PACKAGE,
  },
  {
    of: /^shared\/telemetry\//,
    mayImport: /^shared\/(telemetry\/|adapters\/setting\.ts$)/,
    mayNameTypesOf: /^shared\/domain\//,
    packages: /^(@opentelemetry\/|@azure\/(identity|monitor-opentelemetry-exporter)$)/,
  },
  {
    of: /^shared\/services\//,
    mayImport: /^shared\/(services|domain|ports|api|crypto)\//,
    packages: /^(node:(crypto|timers\/promises)|zod)$/,
  },
  {
    of: /^shared\/http\//,
    mayImport:
      /^shared\/(http\/|services\/|ports\/|api\/|telemetry\/(invocations|measures)\.ts$|compose\.ts$)/,
    mayNameTypesOf: /^shared\/domain\//,
    packages: /^(@azure\/functions|prom-client|zod)$/,
  },
  {
    of: /^shared\/compose\.ts$/,
    mayImport: /^shared\/(adapters|ports|domain|api|services|telemetry|version)\b/,
    packages: ANY_PACKAGE,
  },
  { of: /^shared\/version\.ts$/, mayImport: /^$/, packages: NO_PACKAGES },
  {
    of: /^functions\//,
    mayImport:
      /^(functions\/|shared\/(api\/|http\/|services\/|telemetry\/(invocations|measures)\.ts$|compose\.ts$))/,
    mayNameTypesOf: /^shared\/(ports|domain)\//,
    packages: /^@azure\/functions$/,
  },
  {
    of: /^cli\//,
    mayImport: new RegExp(
      `^(cli/|shared/(api/|crypto/|domain/|ports/|version\\.ts$|adapters/${MACHINE_ADAPTERS}\\.ts$))`,
    ),
    packages: ANY_PACKAGE,
  },
  {
    of: /^infra\/local\//,
    mayImport:
      /^(infra\/local\/|shared\/(ports\/|adapters\/|domain\/instant\.ts$|api\/problem\.ts$|compose\.ts$|version\.ts$))/,
    mayLoad: /^functions\/index\.ts$/,
    packages: ANY_PACKAGE,
  },
  {
    of: /^infra\/(demo\/|[^/]+\.ts$)/,
    mayImport: new RegExp(
      `^(infra/|shared/(api/|domain/|ports/|version\\.ts$|adapters/${MACHINE_ADAPTERS}\\.ts$))`,
    ),
    packages: ANY_PACKAGE,
  },
];

export function wrongWayImports(tree: SourceTree): string[] {
  return [...importGraph(tree)].flatMap(([path, imports]) => {
    const layers = LAYERS.filter(({ of }) => of.test(path));
    const [layer] = layers;
    if (layer === undefined || layers.length > 1) return [`${path} is of ${layers.length} layers`];
    return imports
      .filter((each) => !isAllowed(layer, each, tree))
      .map(({ kind, target }) => `${path} imports ${target} (${kind})`);
  });
}

function isAllowed(layer: Layer, { target, kind }: Import, tree: SourceTree): boolean {
  const isOurs = /^(functions|shared|cli|infra|test)\//.test(target);
  if (!isOurs) return layer.packages.test(target);
  if (!tree.has(target)) return false;
  if (layer.mayImport.test(target)) return true;
  if (kind === 'type') return layer.mayNameTypesOf?.test(target) ?? false;
  return kind === 'dynamic' && (layer.mayLoad?.test(target) ?? false);
}

const SERVER = /^(functions\/|shared\/(services\/|http\/|api\/|adapters\/|compose\.ts$))/;
/** What makes, seals, opens or hands out private keys: for machines alone. */
const SECRET = /^shared\/crypto\/(group-key|key-package|open-package|exported-pfx)\.ts$/;

/** Ways by which something that runs in the service could get at a private key. Types are erased and open nothing. */
export function waysToPrivateKeys(tree: SourceTree): string[] {
  const graph = importGraph(tree);
  return [...tree.keys()]
    .filter((path) => SERVER.test(path))
    .flatMap((path) => {
      const way = wayTo(
        graph,
        path,
        (target) => SECRET.test(target),
        ({ kind }) => kind !== 'type',
      );
      return way === null ? [] : [way.join(' → ')];
    });
}

/** Imports that come back to where they began, types included; each cycle once for each of its files. */
export function cycles(tree: SourceTree): string[] {
  const graph = importGraph(tree);
  return [...tree.keys()].flatMap((path) => {
    const way = wayTo(graph, path, (target) => target === path);
    return way === null ? [] : [way.join(' → ')];
  });
}

const AMBIENT_TIME_AND_CHANCE =
  /\bDate\.now\b|\bnew Date\b(?!\()|\bnew Date\(\s*\)|(?<!new )\bDate\(|\bMath\.random\b|\bTemporal\.Now\b/;
const MAY_TELL_TIME = /^shared\/(adapters\/[a-z-]+-clock\.ts|compose\.ts)$/;

export function ambientTimeAndChance(tree: SourceTree): string[] {
  return linesWith(tree, AMBIENT_TIME_AND_CHANCE, MAY_TELL_TIME);
}

const ENVIRONMENT = /\bprocess\.env\b|\benv\b[^;=]*\}\s*=\s*process\b|\benv\b[^;]*\bfrom 'node:process'/;
/** Where processes begin, or start others. */
const MAY_READ_ENVIRONMENT =
  /^(shared\/compose|cli\/world|infra\/local\/(azurite|local-keyturn|main)|infra\/demo\/processes)\.ts$/;

export function readsOfEnvironment(tree: SourceTree): string[] {
  return linesWith(tree, ENVIRONMENT, MAY_READ_ENVIRONMENT);
}

function linesWith(tree: SourceTree, banned: RegExp, exempt: RegExp): string[] {
  return [...tree]
    .filter(([path]) => !exempt.test(path))
    .flatMap(([path, text]) =>
      codeOf(text)
        .split('\n')
        .filter((line) => banned.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
}

const HAS_HEADER = /^shared\/(domain|ports|adapters|crypto)\//;
const HEADER_LINES_MIN = 1;
const HEADER_LINES_MAX = 8;

/** Files that do not open with a comment that says what they are and promise. */
export function missingHeaders(tree: SourceTree): string[] {
  return [...tree]
    .filter(([path]) => HAS_HEADER.test(path))
    .map(([path, text]) => ({ path, lines: headerLines(text) }))
    .filter(({ lines }) => lines < HEADER_LINES_MIN || lines > HEADER_LINES_MAX)
    .map(({ path, lines }) => `${path} opens with ${lines} lines of comment`);
}

function headerLines(text: string): number {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !/^\/\/ \S/.test(line));
  return end === -1 ? lines.length : end;
}

const LINES_MAX = 300;

export function longFiles(tree: SourceTree): string[] {
  return [...tree]
    .map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}
