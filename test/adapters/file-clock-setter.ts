// Sets a file clock from a process of its own. Arguments: the file, and the instant.
import { setFileClock } from '../../shared/adapters/file-clock.ts';
import { parseInstant } from '../../shared/domain/instant.ts';

const [, , path = '', text = ''] = process.argv;
const instant = parseInstant(text);
if (instant === null) throw new Error(`not an instant: ${text}`);
setFileClock(path, instant);
