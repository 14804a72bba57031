// The source tree as text, and what its files import. Reads import statements as the formatter leaves them: a statement
// begins its line. What follows is decided on a map of paths to texts, so that rules can be tried on made-up trees.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';

/** Paths from the project's root, with slashes, to the files' texts. */
export type SourceTree = ReadonlyMap<string, string>;

export interface Import {
  /** A path of the tree for a relative specifier, the specifier itself for a package. */
  readonly target: string;
  /** `type` imports are erased and load nothing; `dynamic` ones load when the code comes by. */
  readonly kind: 'static' | 'type' | 'dynamic';
}

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Every TypeScript file below the folders. */
export function readSourceTree(...folders: string[]): SourceTree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, name.replaceAll('\\', '/'));
      if (path.endsWith('.ts')) tree.set(path, readFileSync(join(ROOT, path), 'utf8'));
    }
  }
  return tree;
}

/** The text without the lines that are comments. */
export function codeOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
    .join('\n');
}

const STATEMENTS = [
  /^import\s+(?<type>type\s+)?(?:[\w$*{},\s]+?\sfrom\s+)?(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/gm,
  /^export\s+(?<type>type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/gm,
];
const EXPRESSIONS = [
  /\bimport\(\s*(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/g,
  /\brequire(?:\.resolve)?\(\s*(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/g,
  /\bimport\.meta\.resolve\(\s*(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/g,
  // How a file is named that another thread or process is to load.
  /\bnew URL\(\s*(?<quote>['"])(?<specifier>[^'"]+\.ts)\k<quote>,\s*import\.meta\.url/g,
];

export function importsOf(path: string, text: string): Import[] {
  const code = codeOf(text);
  const found: Import[] = [];
  for (const pattern of STATEMENTS) {
    for (const { groups } of code.matchAll(pattern)) {
      found.push({
        target: resolve(path, groups?.['specifier'] ?? ''),
        kind: groups?.['type'] ? 'type' : 'static',
      });
    }
  }
  for (const pattern of EXPRESSIONS) {
    for (const { groups } of code.matchAll(pattern)) {
      found.push({ target: resolve(path, groups?.['specifier'] ?? ''), kind: 'dynamic' });
    }
  }
  return found;
}

function resolve(path: string, specifier: string): string {
  return specifier.startsWith('.') ? join(dirname(path), specifier) : specifier;
}

/** All imports of a tree, by file. */
export function importGraph(tree: SourceTree): ReadonlyMap<string, readonly Import[]> {
  return new Map([...tree].map(([path, text]) => [path, importsOf(path, text)]));
}

/** A shortest way of imports from `start` to a file for which `isGoal` holds; null when there is none. */
export function wayTo(
  graph: ReadonlyMap<string, readonly Import[]>,
  start: string,
  isGoal: (path: string) => boolean,
  follows: (each: Import) => boolean = () => true,
): string[] | null {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const each of graph.get(way.at(-1) ?? '') ?? []) {
      if (!follows(each)) continue;
      if (isGoal(each.target)) return [...way, each.target];
      if (seen.has(each.target)) continue;
      seen.add(each.target);
      ways.push([...way, each.target]);
    }
  }
  return null;
}
