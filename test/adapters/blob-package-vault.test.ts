import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startAzurite } from '../../infra/local/azurite.ts';
import type { Azurite } from '../../infra/local/azurite.ts';
import type { AzureConnection } from '../../shared/adapters/azure-connection.ts';
import { blobPackageVault } from '../../shared/adapters/blob-package-vault.ts';
import { VaultUnavailable } from '../../shared/ports/package-vault.ts';
import type { PackageVault } from '../../shared/ports/package-vault.ts';
import { describePackageVault, newPackageName } from '../conformance/package-vault.ts';

const DATES = { notBefore: '2026-11-22T00:00:00Z', notAfter: '2031-11-22T00:00:00Z' };

const connectionOf = (connectionString: string): AzureConnection => ({
  kind: 'connectionString',
  connectionString,
});

const location = mkdtempSync(join(tmpdir(), 'keyturn-vault-'));
let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite({
    location,
    onUnexpectedExit(error) {
      throw error;
    },
  });
});
afterAll(async () => {
  await azurite.stop();
  rmSync(location, { recursive: true });
});

// A container of its own for each test: what puts the first package makes it.
describePackageVault('blobPackageVault', async () =>
  blobPackageVault({
    connection: connectionOf(azurite.connectionString),
    container: `packages-${randomUUID()}`,
  }),
);

describe('packages as blobs', () => {
  it('are named for group, version and thumbprint, typed, and carry their dates', async () => {
    const container = new ContainerClient(azurite.connectionString, `packages-${randomUUID()}`);
    const name = newPackageName(randomUUID(), 7);
    await blobPackageVault({ containerClient: container }).put(name, randomBytes(10), DATES);
    const properties = await container
      .getBlobClient(`${name.groupId}/7/${name.thumbprint}.pfx`)
      .getProperties();
    expect(properties.contentType).toBe('application/x-pkcs12');
    expect(properties.metadata).toEqual({
      version: '7',
      notbefore: DATES.notBefore,
      notafter: DATES.notAfter,
    });
  });

  it('come from a container that may be missing still', async () => {
    const vault = blobPackageVault({
      connection: connectionOf(azurite.connectionString),
      container: `none-${randomUUID()}`,
    });
    const name = newPackageName();
    expect(await vault.get(name)).toBeNull();
    expect(await vault.list(name.groupId)).toEqual([]);
    await expect(vault.delete(name)).resolves.toBeUndefined();
  });

  it('are listed without what others laid beside them', async () => {
    const container = new ContainerClient(azurite.connectionString, `packages-${randomUUID()}`);
    const vault = blobPackageVault({ containerClient: container });
    const name = newPackageName();
    await vault.put(name, randomBytes(10), DATES);
    await container.getBlockBlobClient(`${name.groupId}/notes.txt`).upload('x', 1);
    expect(await vault.list(name.groupId)).toEqual([name]);
  });
});

/** Every call of the port, as outcomes. */
async function outcomesOf(vault: PackageVault): Promise<PromiseSettledResult<unknown>[]> {
  const name = newPackageName();
  return Promise.allSettled([
    vault.put(name, randomBytes(10), DATES),
    vault.get(name),
    vault.delete(name),
    vault.list(name.groupId),
    vault.probe(),
  ]);
}

function connectionTo(port: number): AzureConnection {
  const key = Buffer.from('key').toString('base64');
  return connectionOf(
    `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};BlobEndpoint=http://127.0.0.1:${port}/a;`,
  );
}

/** Answers everything with the status; the port it listens on. */
function startRefusing(status: number, headers: Readonly<Record<string, string>>): Promise<number> {
  return startStorage((_, response) => response.writeHead(status, headers).end());
}

async function startStorage(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a probe', () => {
  it('makes the container once, then only looks whether it is there, at most every five seconds', async () => {
    const seen: (string | undefined)[] = [];
    const port = await startStorage(({ method }, response) => {
      seen.push(method);
      response.writeHead(method === 'PUT' ? 201 : 200).end();
    });
    let milliseconds = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => milliseconds);
    onTestFinished(() => void vi.restoreAllMocks());
    const vault = blobPackageVault({ connection: connectionTo(port) });
    await Promise.all([vault.probe(), vault.probe()]);
    milliseconds += 4999;
    await vault.probe();
    expect(seen).toEqual(['PUT']);
    milliseconds += 1;
    await vault.probe();
    await vault.probe();
    milliseconds += 5000;
    await vault.probe();
    expect(seen.slice(1)).toEqual(['GET', 'GET']);
  });

  it('makes the container again when somebody removed it', async () => {
    const container = new ContainerClient(azurite.connectionString, `packages-${randomUUID()}`);
    let milliseconds = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => milliseconds);
    onTestFinished(() => void vi.restoreAllMocks());
    const vault = blobPackageVault({ containerClient: container });
    await vault.probe();
    await container.delete();
    milliseconds += 5000;
    await vault.probe();
    expect(await container.exists()).toBe(true);
  });
});

describe('a vault that does not answer as it should', () => {
  it('is unavailable to every call when it is gone', async () => {
    // Nothing listens on port 1 of the loopback interface.
    const vault = blobPackageVault({ connection: connectionTo(1) });
    for (const outcome of await outcomesOf(vault)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(VaultUnavailable) });
    }
  });

  it.each([
    [503, { 'retry-after': '1' }, 1],
    [429, { 'retry-after': '1' }, 1],
    [503, {}, null],
    [500, {}, null],
  ])('is unavailable to every call when it answers %i %j', async (status, headers, afterSeconds) => {
    const port = await startRefusing(status, headers);
    for (const outcome of await outcomesOf(blobPackageVault({ connection: connectionTo(port) }))) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(VaultUnavailable) });
      expect(outcome).toMatchObject({ reason: { afterSeconds } });
    }
  });

  it.each<[string, RequestListener]>([
    ['never begins to answer', () => undefined],
    [
      'stops in the middle of an answer',
      (_, response) => void response.writeHead(200, { 'content-length': '1000', etag: '"1"' }).write('half'),
    ],
  ])('is unavailable to a get when it %s', async (_, answer) => {
    const port = await startStorage(answer);
    const vault = blobPackageVault({ connection: connectionTo(port), callMillisecondsMax: 300 });
    await expect(vault.get(newPackageName(randomUUID(), 1))).rejects.toBeInstanceOf(VaultUnavailable);
  });

  it('is not merely unavailable when it forbids, but cannot be used either', async () => {
    const port = await startRefusing(403, {});
    const outcomes = await outcomesOf(blobPackageVault({ connection: connectionTo(port) }));
    const unavailable = outcomes.map(
      (each) => each.status === 'rejected' && each.reason instanceof VaultUnavailable,
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(unavailable).toEqual([false, false, false, false, true]);
  });
});
