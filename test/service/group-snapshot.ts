// A group as it is kept at one moment, to be put back as often as a test needs it: much cheaper than living up to it again.
import assert from 'node:assert/strict';
import { SERVICE_PARTITION } from '../../shared/domain/fleet-metrics.ts';
import { BATCH_OPERATIONS_MAX } from '../../shared/ports/document-store.ts';
import type {
  DocumentStore,
  DocumentType,
  FleetDocument,
  Page,
  WriteOperation,
} from '../../shared/ports/document-store.ts';
import type { PackageName, PackageVault } from '../../shared/ports/package-vault.ts';
import type { RunningService } from './running-service.ts';

const DOCUMENT_TYPES: readonly DocumentType[] = [
  'group',
  'key',
  'machine',
  'enrollmentToken',
  'event',
  'job',
  'notification',
  'fleetMetrics',
  'feedPulse',
];

export interface GroupSnapshot {
  /** As now, with everything that came of it since undone. */
  restore(): Promise<void>;
  /** The same, but for packages: those that came since stay. */
  restoreDocuments(): Promise<void>;
}

export async function snapshotOf({ host, system }: RunningService, groupId: string): Promise<GroupSnapshot> {
  const { store, vault, clock } = system;
  await host.drainFeeds();
  const documents = await documentsOfGroup(store, groupId);
  const packages = await Promise.all(
    (await packagesOf(vault, groupId)).map(async (name) => ({ name, pkcs12: await vault.get(name) })),
  );

  async function restoration(document: FleetDocument): Promise<WriteOperation> {
    const present = await store.read(groupId, document.id);
    if (present === null) return { kind: 'create', document };
    return { kind: 'replace', document, version: present.version };
  }

  async function removal({ id }: FleetDocument): Promise<WriteOperation> {
    const present = await store.read(groupId, id);
    assert(present);
    return { kind: 'delete', id, version: present.version };
  }

  async function restoreDocuments(): Promise<void> {
    const ids = new Set(documents.map(({ id }) => id));
    const others = (await documentsOfGroup(store, groupId)).filter(({ id }) => !ids.has(id));
    const operations = await Promise.all([...others.map(removal), ...documents.map(restoration)]);
    for (let start = 0; start < operations.length; start += BATCH_OPERATIONS_MAX) {
      await store.write(groupId, operations.slice(start, start + BATCH_OPERATIONS_MAX));
    }
    for (const { name, pkcs12 } of packages) await putBack(name, pkcs12);
  }

  return {
    restoreDocuments,
    async restore() {
      await host.drainFeeds();
      for (const name of await packagesOf(vault, groupId)) await vault.delete(name);
      await restoreDocuments();
      await host.drainFeeds();
    },
  };

  async function putBack(name: PackageName, pkcs12: Uint8Array | null): Promise<void> {
    assert(pkcs12);
    const now = clock.now();
    await vault.put(name, pkcs12, { notBefore: now, notAfter: now });
  }
}

/** None in the service's own partition, which is no group's. */
async function packagesOf(vault: PackageVault, groupId: string): Promise<readonly PackageName[]> {
  return groupId === SERVICE_PARTITION ? [] : vault.list(groupId);
}

/** Read by queries: the feed may be resting. */
async function documentsOfGroup(store: DocumentStore, groupId: string): Promise<FleetDocument[]> {
  const pages = DOCUMENT_TYPES.map(async (type) => {
    const documents: FleetDocument[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await store.query({ type, groupId, limit: 1000, cursor });
      documents.push(...page.items.map(({ document }) => document));
      cursor = page.cursor;
    } while (cursor !== null);
    return documents;
  });
  return (await Promise.all(pages)).flat();
}

/** The group's documents and packages, without what chance gave them: comparable with what another run came to. */
export async function normalizedGroup(
  { host, system }: RunningService,
  groupId: string,
): Promise<{ documents: object[]; packages: object[] }> {
  await host.drainFeeds();
  const texts = (await documentsOfGroup(system.store, groupId)).map((document) =>
    JSON.stringify(document)
      .replaceAll(/"(challenge|value|secretHash)":"[\w-]{43}"/g, '"$1":"random"')
      .replaceAll(/"seenOn":"[^"]+"/g, '"seenOn":"whenever"')
      .replaceAll(/GroupChanged:[0-9a-f-]{36}/g, 'GroupChanged:random'),
  );
  return {
    documents: texts.toSorted().map((text) => JSON.parse(text) as object),
    packages: (await packagesOf(system.vault, groupId)).toSorted((one, other) => one.version - other.version),
  };
}
