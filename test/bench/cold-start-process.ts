// Loads a file as a Functions worker would and prints what that took: `node cold-start-process.ts FILE`.
import { functionRegistry } from '../../infra/local/functions-core.ts';

export interface Loaded {
  readonly functions: number;
  readonly loadMilliseconds: number;
  readonly residentMiB: number;
  readonly residentBeforeMiB: number;
}

const [, , file = ''] = process.argv;
const residentBeforeMiB = process.memoryUsage.rss() / 2 ** 20;
const startedAt = performance.now();
await import(file);
const loaded: Loaded = {
  functions: functionRegistry.functions.size,
  loadMilliseconds: performance.now() - startedAt,
  residentMiB: process.memoryUsage.rss() / 2 ** 20,
  residentBeforeMiB,
};
process.stdout.write(JSON.stringify(loaded));
