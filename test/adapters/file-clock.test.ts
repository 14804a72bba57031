import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fileClock, setFileClock } from '../../shared/adapters/file-clock.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { describeVirtualClock } from '../conformance/clock.ts';

const START = '2026-11-22T00:00:00Z' as Instant;
const LATER = '2031-11-22T00:00:00Z' as Instant;

const folder = mkdtempSync(join(tmpdir(), 'keyturn-clock-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function newClockFile(): string {
  files += 1;
  const path = join(folder, `clock-${files}`);
  setFileClock(path, START);
  return path;
}

describeVirtualClock('fileClock', () => {
  const path = newClockFile();
  return { clock: fileClock(path), set: (instant) => setFileClock(path, instant) };
});

it('follows another process, and wakes its sleepers', async () => {
  const path = newClockFile();
  const clock = fileClock(path);
  const sleep = clock.sleep(3600);
  const setter = fork(new URL('./file-clock-setter.ts', import.meta.url), [path, LATER]);
  await Promise.all([sleep, once(setter, 'exit')]);
  expect(clock.now()).toBe(LATER);
});

it.each(['', '2026-11-2', '2026-11-22T00:00:00.5Z'])('stands still while the file holds %j', async (text) => {
  const path = newClockFile();
  const clock = fileClock(path);
  writeFileSync(path, text);
  // Long enough for the clock to look again.
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(clock.now()).toBe(START);
  rmSync(path);
  setFileClock(path, LATER);
  expect(clock.now()).toBe(LATER);
});

it.each([
  ['is not there', () => join(folder, 'missing')],
  [
    'holds no instant',
    () => {
      const path = newClockFile();
      writeFileSync(path, 'noon');
      return path;
    },
  ],
])('does not start on a file that %s', (_, newPath) => {
  const path = newPath();
  expect(() => fileClock(path)).toThrow(path);
});
