import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../shared/version.ts';
import {
  ambientTimeAndChance,
  cycles,
  longFiles,
  missingHeaders,
  readsOfEnvironment,
  waysToPrivateKeys,
  wrongWayImports,
} from './house-rules.ts';
import { importsOf, readSourceTree, ROOT } from './source-tree.ts';
import type { SourceTree } from './source-tree.ts';

const tree = readSourceTree('functions', 'shared', 'cli', 'infra');

describe('the source tree', () => {
  it.each([
    ['imports one way', wrongWayImports],
    ['has no way from the service to a private key', waysToPrivateKeys],
    ['has no cycles', cycles],
    ['asks only the clock for the time, and draws nothing by chance', ambientTimeAndChance],
    ['reads the environment where systems are put together, and nowhere else', readsOfEnvironment],
    ['says at the top of each file what it is and promises', missingHeaders],
    ['has no file too long to read', longFiles],
  ])('%s', (_, rule) => {
    expect(rule(tree)).toEqual([]);
  });

  it('is read whole', () => {
    for (const path of [
      'functions/index.ts',
      'shared/domain/instant.ts',
      'cli/main.ts',
      'infra/local/main.ts',
    ]) {
      expect(tree.has(path)).toBe(true);
    }
    expect(tree.size).toBeGreaterThan(100);
  });
});

it('the version is that of the package', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ version: VERSION });
});

// Rules that nothing breaks prove little: here each is broken on purpose.
function treeOf(files: Record<string, string>): SourceTree {
  return new Map(Object.entries(files));
}

describe('imports', () => {
  it.each([
    ["import { a } from './a.ts';", 'static'],
    ["import a, * as b from './a.ts';", 'static'],
    ["import {\n  a,\n  type B,\n} from './a.ts';", 'static'],
    ["import { type A } from './a.ts';", 'static'],
    ["import './a.ts';", 'static'],
    ["export * from './a.ts';", 'static'],
    ["export * as a from './a.ts';", 'static'],
    ["export {\n  a,\n} from './a.ts';", 'static'],
    ["import type { A } from './a.ts';", 'type'],
    ["import type {\n  A,\n} from './a.ts';", 'type'],
    ["export type { A } from './a.ts';", 'type'],
    ["const a = await import('./a.ts');", 'dynamic'],
    ["const a = import(\n  './a.ts'\n);", 'dynamic'],
    ["const a = require('./a.ts');", 'dynamic'],
    ["new Worker(new URL('./a.ts', import.meta.url));", 'dynamic'],
  ])('are found: %j', (text, kind) => {
    expect(importsOf('shared/domain/b.ts', text)).toEqual([{ target: 'shared/domain/a.ts', kind }]);
  });

  it.each([
    "// import { a } from './a.ts';",
    "/**\n * import { a } from './a.ts';\n */",
    "export const from = './a.ts';",
    'export interface A {}\n\nconst from = 1',
  ])('are not found where there are none: %j', (text) => {
    expect(importsOf('shared/domain/b.ts', text)).toEqual([]);
  });

  it('are found one by one', () => {
    const text =
      "import { a } from 'zod';\nimport type { B } from '../ports/b.ts';\n\nexport { c } from './c.ts';\n";
    expect(importsOf('shared/api/x.ts', text)).toEqual([
      { target: 'zod', kind: 'static' },
      { target: 'shared/ports/b.ts', kind: 'type' },
      { target: 'shared/api/c.ts', kind: 'static' },
    ]);
  });
});

describe('an import against the current is found', () => {
  it.each([
    ['shared/domain/a.ts', "import type { B } from '../ports/b.ts';", 'shared/ports/b.ts'],
    ['shared/domain/a.ts', "import { b } from 'node:crypto';", 'node:crypto'],
    ['shared/ports/a.ts', "import { b } from '../adapters/b.ts';", 'shared/adapters/b.ts'],
    ['shared/adapters/a.ts', "import { b } from '../domain/group.ts';", 'shared/domain/group.ts'],
    ['shared/adapters/a.ts', "import { b } from '../crypto/b.ts';", 'shared/crypto/b.ts'],
    ['shared/services/a.ts', "import { b } from '../adapters/b.ts';", 'shared/adapters/b.ts'],
    ['shared/services/a.ts', "import { b } from '../compose.ts';", 'shared/compose.ts'],
    ['shared/services/a.ts', "import { b } from '@azure/functions';", '@azure/functions'],
    ['shared/api/a.ts', "import { b } from '../services/b.ts';", 'shared/services/b.ts'],
    ['shared/crypto/a.ts', "import { b } from '../domain/group.ts';", 'shared/domain/group.ts'],
    ['functions/a.ts', "import { b } from '../shared/ports/b.ts';", 'shared/ports/b.ts'],
    ['functions/a.ts', "import { b } from '../shared/adapters/b.ts';", 'shared/adapters/b.ts'],
    ['cli/a.ts', "import { b } from '../shared/services/b.ts';", 'shared/services/b.ts'],
    ['cli/a.ts', "import { b } from '../shared/adapters/b.ts';", 'shared/adapters/b.ts'],
    ['infra/local/a.ts', "import { b } from '../../shared/services/b.ts';", 'shared/services/b.ts'],
    ['infra/local/a.ts', "import '../../functions/index.ts';", 'functions/index.ts'],
    ['shared/version.ts', "import './domain/a.ts';", 'shared/domain/a.ts'],
    ['shared/domain/a.ts', "import './nowhere.ts';", 'shared/domain/nowhere.ts'],
  ])('%s: %s', (path, text, target) => {
    const others = /^(shared|functions)\/.*(?<!nowhere)\.ts$/.test(target) ? { [target]: '' } : {};
    const found = wrongWayImports(treeOf({ [path]: text, ...others }));
    expect(found).toEqual([expect.stringContaining(`${path} imports ${target}`)]);
  });

  it('and so is a file of no layer', () => {
    expect(wrongWayImports(treeOf({ 'shared/helpers/a.ts': '' }))).toHaveLength(1);
  });

  it.each([
    ['functions/a.ts', "import type { B } from '../shared/ports/b.ts';", 'shared/ports/b.ts'],
    ['infra/local/a.ts', "await import('../../functions/index.ts');", 'functions/index.ts'],
    ['shared/adapters/a.ts', "import { b } from '../domain/instant.ts';", 'shared/domain/instant.ts'],
    [
      'cli/a.ts',
      "import { b } from '../shared/adapters/system-clock.ts';",
      'shared/adapters/system-clock.ts',
    ],
  ])('but not one with it: %s: %s', (path, text, target) => {
    expect(wrongWayImports(treeOf({ [path]: text, [target]: '' }))).toEqual([]);
  });
});

describe('a way to a private key is found', () => {
  const secret = { 'shared/crypto/open-package.ts': '' };
  it.each([
    ['straight', { 'shared/services/a.ts': "import { b } from '../crypto/open-package.ts';" }],
    ['when it is loaded late', { 'shared/services/a.ts': "await import('../crypto/open-package.ts');" }],
    [
      'over others',
      {
        'functions/a.ts': "import { b } from '../shared/crypto/proof.ts';",
        'shared/crypto/proof.ts': "export { b } from './open-package.ts';",
      },
    ],
  ])('%s', (_, files) => {
    expect(waysToPrivateKeys(treeOf({ ...files, ...secret }))).toHaveLength(1);
  });

  it.each([
    ['in a type', { 'shared/services/a.ts': "import type { B } from '../crypto/open-package.ts';" }],
    ['on a machine', { 'cli/a.ts': "import { b } from '../shared/crypto/open-package.ts';" }],
  ])('but not %s', (_, files) => {
    expect(waysToPrivateKeys(treeOf({ ...files, ...secret }))).toEqual([]);
  });
});

it('a cycle is found, of types too', () => {
  const found = cycles(
    treeOf({
      'shared/domain/a.ts': "import { b } from './b.ts';",
      'shared/domain/b.ts': "import type { C } from './c.ts';",
      'shared/domain/c.ts': "export { a } from './a.ts';",
      'shared/domain/d.ts': "import { a } from './a.ts';",
    }),
  );
  expect(found).toHaveLength(3);
});

describe('time and chance are found', () => {
  it.each(['Date.now()', 'const now = Date.now;', 'new Date()', 'new Date', 'Date()', 'Math.random()'])(
    '%s',
    (code) => {
      expect(ambientTimeAndChance(treeOf({ 'cli/a.ts': `  ${code}` }))).toHaveLength(1);
      expect(ambientTimeAndChance(treeOf({ 'shared/adapters/system-clock.ts': code }))).toEqual([]);
    },
  );

  it.each(['new Date(0)', 'toDate(now)', '// Date.now()', 'clock.now()'])('but not in %s', (code) => {
    expect(ambientTimeAndChance(treeOf({ 'cli/a.ts': code }))).toEqual([]);
  });
});

describe('reads of the environment are found', () => {
  it.each(["process.env['A']", 'const { env } = process;', "import { env } from 'node:process';"])(
    '%s',
    (code) => {
      expect(readsOfEnvironment(treeOf({ 'shared/services/a.ts': code }))).toHaveLength(1);
      expect(readsOfEnvironment(treeOf({ 'shared/compose.ts': code }))).toEqual([]);
    },
  );

  it('but not of what is handed in', () => {
    expect(readsOfEnvironment(treeOf({ 'shared/services/a.ts': "environment['A']" }))).toEqual([]);
  });
});

describe('a missing header is found', () => {
  it.each([
    ['none', 'export {};\n'],
    ['too many lines', `${'// More.\n'.repeat(9)}export {};\n`],
    ['an empty line first', '\n// One.\n// Two.\nexport {};\n'],
  ])('%s', (_, text) => {
    expect(missingHeaders(treeOf({ 'shared/ports/a.ts': text }))).toHaveLength(1);
    expect(missingHeaders(treeOf({ 'cli/a.ts': text }))).toEqual([]);
  });

  it.each([1, 8])('but not where it has %d lines', (lines) => {
    const text = `${'// Line.\n'.repeat(lines)}export {};\n`;
    expect(missingHeaders(treeOf({ 'shared/ports/a.ts': text }))).toEqual([]);
  });
});

it('a file of 301 lines is found, and one of 300 is not', () => {
  const found = longFiles(treeOf({ 'cli/a.ts': 'a;\n'.repeat(301), 'cli/b.ts': 'a;\n'.repeat(300) }));
  expect(found).toEqual(['cli/a.ts has 301 lines']);
});
