// Makes what is deployed: `dist/` with one bundle, its source map, host.json and a package.json. The bundle is loaded as a
// Functions worker would, and the build fails unless it registers exactly the functions that the sources register.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist`;

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await build({
  entryPoints: [`${root}functions/index.ts`],
  outfile: `${dist}/main.mjs`,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: true,
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  // The worker provides it; bundled CommonJS asks for it, and for Node's own modules, through `require`.
  external: ['@azure/functions-core'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
await copyFile(`${root}host.json`, `${dist}/host.json`);
const { name, version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Record<string, string>;
await writeFile(
  `${dist}/package.json`,
  `${JSON.stringify({ name, version, private: true, type: 'module', main: 'main.mjs' }, null, 2)}\n`,
);

const built = functionsOf(`${dist}/main.mjs`);
const expected = functionsOf(`${root}functions/index.ts`);
if (built.length === 0 || built.join() !== expected.join()) {
  throw new Error(`the bundle registers ${built.length} functions, the sources register ${expected.length}`);
}
const { size } = await stat(`${dist}/main.mjs`);
process.stdout.write(`dist/main.mjs: ${built.length} functions, ${Math.round(size / 1024)} KB\n`);

function functionsOf(file: string): string[] {
  const output = execFileSync(process.execPath, [`${root}infra/list-functions.ts`, file], {
    encoding: 'utf8',
  });
  return JSON.parse(output) as string[];
}
