import { expect, test } from 'vitest';
import { lineLog } from '../../../infra/local/line-log.ts';
import { manualClock } from '../../../shared/adapters/manual-clock.ts';
import { instant } from './embedded-host.ts';

test('an entry is one line whatever it says, and what is below the level is left out', () => {
  const lines: string[] = [];
  const log = lineLog({
    clock: manualClock(instant('2026-11-22T00:00:00Z')),
    from: 'warning',
    write: (line) => lines.push(line),
  });
  log({ level: 'information', source: 'scan', message: 'not this' });
  log({ level: 'critical', source: 'scan', message: 'Error: why\n    at a\r\n    at b\u001b[31m\u0000' });
  expect(lines).toEqual(['2026-11-22T00:00:00Z critical scan: Error: why | at a | at b [31m \n']);
});
