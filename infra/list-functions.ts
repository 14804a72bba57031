// Prints, as JSON, the names of the functions that a file registers on import: `node infra/list-functions.ts FILE`.
import { pathToFileURL } from 'node:url';
import { functionRegistry } from './local/functions-core.ts';

const file = process.argv[2];
if (file === undefined) throw new Error('name the file to load');
await import(pathToFileURL(file).href);
process.stdout.write(JSON.stringify([...functionRegistry.functions.keys()].toSorted()));
