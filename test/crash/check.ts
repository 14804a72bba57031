// What a store must hold after its writer was killed: every acknowledged batch, no half of any, and indexes that say the
// same as the documents.
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import type { Changes } from '../../shared/ports/change-feed.ts';
import type { Stored } from '../../shared/ports/document-store.ts';
import type { Acknowledged } from './acknowledged.ts';
import { disagreements } from './index-agreement.ts';
import { LEDGER_ID, LOAD_GROUPS, documentsAt } from './load.ts';
import type { Ledger, LoadGroup } from './load.ts';

type Store = ReturnType<typeof sqliteDocumentStore>;

/** Opens the file as the service would after a crash, and answers what is wrong with it; writes one document of its own. */
export async function violationsOf(file: string, acknowledged: Acknowledged): Promise<string[]> {
  try {
    return [...(await wrongInStore(file, acknowledged)), ...wrongPages(file)];
  } catch (error) {
    return [`it does not work any more: ${String(error)}`, ...wrongPages(file)];
  }
}

async function wrongInStore(file: string, acknowledged: Acknowledged): Promise<string[]> {
  const store = sqliteDocumentStore({ file });
  try {
    const changes = await store.changes(null, Number.MAX_SAFE_INTEGER);
    const { documents } = changes;
    const reads = await Promise.all(documents.map(({ groupId, id }) => store.read(groupId, id)));
    return [
      ...LOAD_GROUPS.flatMap((group) => wrongInGroup(group, reads, acknowledged)),
      ...wrongReads(changes, reads),
      ...(await disagreements(store, documents)),
      ...(await wrongPositions(store, changes, acknowledged)),
    ];
  } finally {
    await store.close();
  }
}

type Reads = readonly (Stored | null)[];

function wrongInGroup(group: LoadGroup, reads: Reads, { turns }: Acknowledged): string[] {
  const { groupId } = group;
  const found = reads.filter((read) => read !== null).filter(({ document }) => document.groupId === groupId);
  const ledger = found.find(({ document }) => document.id === LEDGER_ID);
  const turn = (ledger?.document as Ledger | undefined)?.turn ?? 0;
  const wrong: string[] = [];
  const acknowledged = turns.get(groupId);
  if (acknowledged !== undefined && turn < acknowledged.turn) {
    wrong.push(`${groupId} is at turn ${turn}, but ${acknowledged.turn} was acknowledged`);
  }
  if (acknowledged?.turn === turn && ledger?.version !== String(acknowledged.version)) {
    wrong.push(`${groupId} has version ${ledger?.version}, but ${acknowledged.version} was acknowledged`);
  }
  const documents = new Map(found.map(({ document }) => [document.id, document]));
  const expected = new Map(documentsAt(group, turn).map((document) => [document.id, document]));
  for (const id of new Set([...documents.keys(), ...expected.keys()])) {
    if (isDeepStrictEqual(documents.get(id), expected.get(id))) continue;
    wrong.push(`${groupId}/${id} is not as turn ${turn} left it: half a batch`);
  }
  return wrong;
}

/** Point reads must give what the change feed shows, in the order of their versions, the last of which is its position. */
function wrongReads({ documents, position }: Changes, reads: Reads): string[] {
  const wrong = documents
    .filter((document, index) => !isDeepStrictEqual(reads[index]?.document, document))
    .map(({ groupId, id }) => `${groupId}/${id} reads differently from what the feed shows`);
  const versions = reads.map((read) => Number(read?.version));
  if (
    !isDeepStrictEqual(
      versions,
      versions.toSorted((one, other) => one - other),
    )
  ) {
    wrong.push('the feed shows documents in another order than that of their versions');
  }
  if ((versions.at(-1) ?? 0) !== Number(position))
    wrong.push(`the feed ends at ${position}, not with its last`);
  return wrong;
}

/** Positions must go on from the highest that anybody was told: a consumer would never see what comes below its own. */
async function wrongPositions(
  store: Store,
  { position }: Changes,
  acknowledged: Acknowledged,
): Promise<string[]> {
  const { checkpoint, highest } = acknowledged;
  const wrong: string[] = [];
  const saved = Number((await store.checkpoint('follower')) ?? 0);
  if (saved < checkpoint) wrong.push(`the checkpoint is ${saved}, but ${checkpoint} was acknowledged`);

  const last = Math.max(highest, Number(position), saved);
  const document = { type: 'notification', groupId: 'check', id: `after:${last}` } as const;
  const [version] = await store.write('check', [{ kind: 'create', document }]);
  if (Number(version) <= last) wrong.push(`the next write got version ${version}, after ${last}`);
  const next = await store.changes(String(last), 1);
  if (next.documents[0]?.id !== document.id) wrong.push('the feed does not show the next write');
  acknowledged.addTold(Number(version));
  await store.write('check', [{ kind: 'delete', id: document.id, version: version ?? '' }]);
  return wrong;
}

function wrongPages(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('PRAGMA integrity_check').all();
  database.close();
  const [first] = rows;
  return rows.length === 1 && first?.['integrity_check'] === 'ok'
    ? []
    : rows.map((row) => `integrity_check: ${String(row['integrity_check'])}`);
}
