// The service of a renewal that is measured, in a process of its own and as `npm start` composes it: SQLite in a file, packages on
// Azurite, the remembering vault before it. Time is a file's.
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { readFile } from 'node:fs/promises';
import { startLocalKeyturn } from '../../infra/local/local-keyturn.ts';
import type { LocalKeyturn } from '../../infra/local/local-keyturn.ts';
import { pause } from '../../shared/adapters/pause.ts';
import { system } from '../../shared/compose.ts';
import type { IdentityKey, Machine } from '../../shared/domain/machine.ts';
import { BATCH_OPERATIONS_MAX } from '../../shared/ports/document-store.ts';
import type { DocumentType, Page } from '../../shared/ports/document-store.ts';
import { answerParent } from './child.ts';

export interface Recruit {
  readonly machineId: string;
  readonly name: string;
  readonly identityKey: IdentityKey;
}

const FEEDS = ['fleet-changes', 'event-notifications'];

let running: LocalKeyturn | null = null;

/** Packages downloaded from Azurite, counted where they are: at this process's HTTP requests. */
let downloads = 0;
subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  if (request.method === 'GET' && request.path.includes('.pfx')) downloads++;
});

async function start({ data, clockFile }: { data: string; clockFile: string }) {
  running = await startLocalKeyturn({
    port: 0,
    data,
    store: 'sqlite',
    app: null,
    clockFile,
    verbose: false,
  });
  return { url: running.url, token: (await readFile(running.data.tokenFile, 'utf8')).trim() };
}

/** Writes members as if they had joined like the model: each joining would cost two derivations of 0.7 s. */
async function enlist(given: {
  groupId: string;
  modelId: string;
  recruits: readonly Recruit[];
}): Promise<void> {
  const { groupId, modelId, recruits } = given;
  const { store } = system();
  const model = await store.read<Machine>(groupId, modelId);
  if (model === null) throw new Error('the model has not joined');
  for (let start = 0; start < recruits.length; start += BATCH_OPERATIONS_MAX) {
    const documents = recruits
      .slice(start, start + BATCH_OPERATIONS_MAX)
      .map(({ machineId, name, identityKey }) => ({ ...model.document, id: machineId, name, identityKey }));
    await store.write(
      groupId,
      documents.map((document) => ({ kind: 'create', document })),
    );
  }
}

/** Resolves once the feeds have handled all changes. */
async function settle(): Promise<void> {
  const { feed } = system();
  for (const consumer of FEEDS) {
    while ((await feed.changes(await feed.checkpoint(consumer), 1)).documents.length > 0) await pause(5);
  }
}

/** Of this process since it started. */
function usage() {
  const { user, system } = process.cpuUsage();
  return { cpuMilliseconds: (user + system) / 1000, downloads };
}

/** What a renewal must have left behind. */
async function outcome({ groupId }: { groupId: string }) {
  const { store, vault } = system();
  const statuses = await store.countBy(groupId, 'machine', 'keyDeliveryStatus');
  return {
    statuses: Object.fromEntries(statuses),
    changes: await idsOf(groupId, 'event', /:0002:\d-(?:PendingNewKey|Default)$/),
    notifications: await idsOf(groupId, 'notification', /:0002:/),
    keysIssued: await idsOf(groupId, 'event', /:0002:\d-KeyIssued$/),
    packages: (await vault.list(groupId)).length,
  };
}

/** How many documents of a type have such ids. */
async function idsOf(groupId: string, type: DocumentType, form: RegExp): Promise<number> {
  let count = 0;
  let cursor: string | null = null;
  do {
    const page: Page = await system().store.query({ type, groupId, limit: 1000, cursor });
    count += page.items.filter(({ document }) => form.test(document.id)).length;
    cursor = page.cursor;
  } while (cursor !== null);
  return count;
}

const answers = { start, enlist, settle, usage, outcome };
export type RenewalServiceAnswers = typeof answers;

answerParent(answers, async () => running?.stop());
