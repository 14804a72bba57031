import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readHostJson } from '../../../infra/local/host-json.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-host-json-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: unknown): URL {
  const file = join(folder, 'host.json');
  writeFileSync(file, JSON.stringify(content));
  return pathToFileURL(file);
}

test('what host.json does not say is as the host in Azure has it', async () => {
  expect(await readHostJson(fileOf({ version: '2.0' }))).toEqual({
    routePrefix: 'api',
    queues: {
      batchSize: 16,
      newBatchThreshold: 8,
      visibilitySeconds: 0,
      maxDequeueCount: 5,
      maxPollingMilliseconds: 60_000,
    },
  });
});

test('what it says counts', async () => {
  const queues = { batchSize: 1, newBatchThreshold: 0, maxDequeueCount: 2 };
  const spans = { visibilityTimeout: '01:02:03', maxPollingInterval: '00:00:01' };
  const read = await readHostJson(
    fileOf({ extensions: { http: { routePrefix: '' }, queues: { ...queues, ...spans } } }),
  );
  expect(read).toEqual({
    routePrefix: '',
    queues: { ...queues, visibilitySeconds: 3723, maxPollingMilliseconds: 1000 },
  });
});

test.each(['2', '00:60:00', '1.00:00:00'])('a time span that is none, %j, is refused', async (span) => {
  const file = fileOf({ extensions: { queues: { visibilityTimeout: span } } });
  await expect(readHostJson(file)).rejects.toThrow(`"${span}"`);
});
