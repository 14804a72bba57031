// The store over someone else's idea of the protocol: `@vercel/cosmosdb-server`. It knows no GROUP BY, and only creates in
// batches, so that little of the conformance suite could run: this tries what works there, and shows what does not. All
// of the suite runs over our own fake.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpServer } from '@vercel/cosmosdb-server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cosmosClient } from '../../shared/adapters/cosmos-client.ts';
import { cosmosDocumentStore } from '../../shared/adapters/cosmos-document-store.ts';
import { makeCosmosContainers } from '../../shared/adapters/cosmos-setup.ts';
import type { DocumentStore, Page, Query } from '../../shared/ports/document-store.ts';
import { createAll, newDocument, readPresent } from '../conformance/documents.ts';

let server: Server;
let store: DocumentStore;
beforeAll(async () => {
  server = createHttpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connectionString = `AccountEndpoint=http://127.0.0.1:${port}/;AccountKey=${btoa('any')}`;
  const client = cosmosClient({ kind: 'connectionString', connectionString });
  await makeCosmosContainers(client, 'keyturn');
  store = cosmosDocumentStore({ client, database: 'keyturn' });
  await createAll(
    store,
    ['g1', 'g2'].flatMap((groupId) =>
      Array.from({ length: 30 }, (_, index) =>
        newDocument(groupId, `d${index}`, {
          name: 'Zoë 🔑',
          status: index % 2 === 0 ? 'on' : 'off',
          nextActionOn: index % 3 === 0 ? null : `2026-01-${10 + (index % 7)}T00:00:00Z`,
        }),
      ),
    ),
  );
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function idsOf(query: Query): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await store.query({ ...query, cursor });
    ids.push(...page.items.map(({ document }) => document.id));
    cursor = page.cursor;
  } while (cursor !== null);
  return ids;
}

describe('over @vercel/cosmosdb-server', () => {
  it('what was created is read, and what was not is not there', async () => {
    const { document, version } = await readPresent(store, 'g1', 'd7');
    expect(document).toEqual(
      newDocument('g1', 'd7', { name: 'Zoë 🔑', status: 'off', nextActionOn: '2026-01-10T00:00:00Z' }),
    );
    expect(version).not.toBe('');
    expect(await store.read('g1', 'nothing')).toBeNull();
    expect(await store.read('g3', 'd7')).toBeNull();
  });

  it('a second creation conflicts', async () => {
    const creation = store.write('g1', [{ kind: 'create', document: newDocument('g1', 'd1') }]);
    await expect(creation).rejects.toMatchObject({ operation: 0, reason: 'exists' });
  });

  it('a group is shown in order, in pages, under a condition', async () => {
    const on: Query = {
      type: 'machine',
      groupId: 'g2',
      where: [{ field: 'status', is: '=', value: 'on' }],
      limit: 4,
    };
    const even = Array.from({ length: 15 }, (_, index) => `d${2 * index}`);
    expect(await idsOf(on)).toEqual(even.toSorted());
    const due = await idsOf({ ...on, where: [], orderBy: 'nextActionOn' });
    expect(due).toHaveLength(20);
    expect(due.slice(0, 4)).toEqual(['d14', 'd28', 'd7', 'd1']);
  });

  it('gap: a replacement in a batch is not understood', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue();
    const stored = await readPresent(store, 'g1', 'd2');
    await expect(store.write('g1', [{ kind: 'replace', ...stored }])).rejects.toMatchObject({
      name: 'StoreUnavailable',
    });
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });

  it('gap: nothing is grouped, and so nothing counted', async () => {
    await expect(store.countBy('g1', 'machine', 'status')).rejects.toMatchObject({ code: 400 });
  });

  it('all groups are shown in order, each document once', async () => {
    const ids = await idsOf({
      type: 'machine',
      where: [{ field: 'status', is: '=', value: 'on' }],
      limit: 7,
    });
    expect(ids).toHaveLength(30);
    expect(ids.slice(0, 15)).toEqual(ids.slice(15));
  });
});
