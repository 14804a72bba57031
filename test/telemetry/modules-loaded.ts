// Loads all functions and starts telemetry as a Functions worker would, and prints as JSON which packages of telemetry that took.
import { registerHooks } from 'node:module';
import { functionRegistry } from '../../infra/local/functions-core.ts';
import { runHooks } from '../../infra/local/invocation.ts';

const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const name = /node_modules\/(@opentelemetry\/[\w-]+|@azure\/monitor-[\w-]+)\//.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});
await import('../../functions/index.ts');
await runHooks(functionRegistry, 'appStart', { hookData: {}, appHookData: {} });
process.stdout.write(JSON.stringify([...loaded].toSorted()));
await runHooks(functionRegistry, 'appTerminate', { hookData: {}, appHookData: {} });
