// `npm run build`: makes `dist/`, which is what is deployed.
import { fileURLToPath } from 'node:url';
import { buildBundle } from './bundle.ts';

const folder = fileURLToPath(new URL('../dist', import.meta.url));
const { functions, bytes } = await buildBundle({ folder });
process.stdout.write(`dist/: ${functions.length} functions, ${Math.round(bytes / 1024)} KB\n`);
