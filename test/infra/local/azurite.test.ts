import { BlobServiceClient } from '@azure/storage-blob';
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AzuriteFailed, startAzurite } from '../../../infra/local/azurite.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-azurite-'));
});
afterAll(() => rm(folder, { recursive: true }));

// In Azurite's documentation, for the account `devstoreaccount1`.
const PUBLISHED_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

function keyOf(connectionString: string): string {
  return /AccountKey=([^;]+)/.exec(connectionString)?.[1] ?? '';
}

const unexpected = (error: Error): never => {
  throw error;
};

test('blobs are there again after a restart', async () => {
  const location = join(folder, 'blobs');
  const first = await startAzurite({ location, onUnexpectedExit: unexpected });
  const container = BlobServiceClient.fromConnectionString(first.connectionString).getContainerClient(
    'packages',
  );
  await container.create();
  await container.getBlockBlobClient('package').upload('kept', 4);
  await first.stop();
  const second = await startAzurite({ location, onUnexpectedExit: unexpected });
  const again = BlobServiceClient.fromConnectionString(second.connectionString).getContainerClient(
    'packages',
  );
  expect((await again.getBlockBlobClient('package').downloadToBuffer()).toString()).toBe('kept');
  await second.stop();
});

test('the account key that everybody knows opens nothing, and neither does that of an earlier start', async () => {
  const location = join(folder, 'guarded');
  const first = await startAzurite({ location, onUnexpectedExit: unexpected });
  const earlier = keyOf(first.connectionString);
  await first.stop();
  const azurite = await startAzurite({ location, onUnexpectedExit: unexpected });
  const own = keyOf(azurite.connectionString);
  for (const key of [PUBLISHED_KEY, earlier]) {
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString.replace(own, key));
    await expect(service.getContainerClient('packages').create()).rejects.toMatchObject({ statusCode: 403 });
  }
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  expect(await service.getContainerClient('packages').exists()).toBe(false);
  await azurite.stop();
});

test('a location that cannot be used is told at the start, with what Azurite says', async () => {
  const location = '/dev/null/azurite';
  const starting = startAzurite({ location, onUnexpectedExit: unexpected });
  await expect(starting).rejects.toBeInstanceOf(AzuriteFailed);
});

test('when the process that started it is killed, the next one finds all it was given', async () => {
  const location = join(folder, 'owned');
  const child = fork(new URL('./azurite-owner.ts', import.meta.url), [location]);
  const connectionString = await new Promise<string>((resolve, reject) => {
    child.once('message', (message: string) => resolve(message));
    child.once('exit', () => reject(new Error('the owner ended early')));
  });
  const orphan = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
  await orphan.getContainerClient('packages').create();
  child.kill('SIGKILL');
  const next = await startAzurite({ location, onUnexpectedExit: unexpected });
  await expect(orphan.getProperties()).rejects.toThrow('ECONNREFUSED');
  const again = BlobServiceClient.fromConnectionString(next.connectionString);
  expect(await again.getContainerClient('packages').exists()).toBe(true);
  await next.stop();
});

test('its unexpected end is told', async () => {
  const told = Promise.withResolvers<Error>();
  const azurite = await startAzurite({
    location: join(folder, 'ended'),
    onUnexpectedExit: (error) => told.resolve(error),
  });
  process.kill(azurite.pid, 'SIGKILL');
  expect(await told.promise).toEqual(new AzuriteFailed('Azurite ended with SIGKILL'));
  await azurite.stop();
});
