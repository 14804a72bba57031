// Prints, as JSON, what a file registers on import, by name: `node infra/list-functions.ts FILE`.
import { pathToFileURL } from 'node:url';
import { functionRegistry } from './local/functions-core.ts';

const file = process.argv[2];
if (file === undefined) throw new Error('name the file to load');
await import(pathToFileURL(file).href);
const registered = [...functionRegistry.functions.values()].map(({ metadata }) => metadata);
process.stdout.write(JSON.stringify(registered.toSorted((one, other) => (one.name < other.name ? -1 : 1))));
