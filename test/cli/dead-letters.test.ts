// Dead letters on the command line.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PEOPLE, startService } from '../service/running-service.ts';
import type { RunningService } from '../service/running-service.ts';
import { keyturn } from './command-line.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** What is read on both streams, the error stream's lines marked, and the exit code. */
async function reads(line: string, token: string = PEOPLE.Operator): Promise<string> {
  const env = { KEYTURN_SERVER: service.host.url, KEYTURN_TOKEN: token };
  const { code, stdout, stderr } = await keyturn(line.split(' '), { env });
  return `${stdout}${stderr.replaceAll(/^(?=.)/gm, '! ')}[${code}]\n`;
}

/** Messages that nothing can handle, shown as often as the host shows them. */
async function bury(count: number): Promise<void> {
  for (let number = 0; number < count; number++) await service.system.queue.send({ number }, 0);
  for (let shown = 0; shown < 5; shown++) {
    await service.deliverRetries();
    service.clock.advanceSeconds(60);
  }
}

test('That there are none is an answer, too', async () => {
  expect(await reads('dead-letters count')).toBe('There are no dead letters.\n[0]\n');
  expect(await reads('dead-letters count --json')).toBe('{\n  "count": 0\n}\n[0]\n');
  expect(await reads('dead-letters redrive')).toBe('! There are no dead letters.\n[0]\n');
  expect(await reads('dead-letters redrive --json')).toBe('{\n  "redriven": 0\n}\n[0]\n');
});

test('They are counted, and all of them tried anew, in as many calls as it takes', async () => {
  await bury(201);
  expect(await reads('dead-letters count', PEOPLE.Reader)).toBe(`\
201 dead letters
! The service’s log says why. Once that is mended, have them tried anew: keyturn dead-letters redrive
[0]
`);
  expect(await reads('dead-letters redrive', PEOPLE.Reader)).toMatch(/\[4\]\n$/);
  expect(await reads('dead-letters redrive')).toBe('! 201 dead letters will be tried anew now.\n[0]\n');
  expect(await reads('dead-letters count')).toBe('There are no dead letters.\n[0]\n');
  await bury(0);
  expect(await reads('dead-letters count --json')).toBe('{\n  "count": 201\n}\n[0]\n');
});
