// The process that is killed: waits until it is given a file, then writes to it without end, several batches at a time,
// in the same and in different groups, and follows the change feed as a consumer does. Prints what was acknowledged:
// `turn <group> <turn> <version>`, `checkpoint <position>`.
import { readFileSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { WriteConflict } from '../../shared/ports/document-store.ts';
import type { Stored } from '../../shared/ports/document-store.ts';
import { LEDGER_ID, LOAD_GROUPS, LOAD_TYPES, nextBatch } from './load.ts';
import type { Ledger, LoadGroup } from './load.ts';

const LANES = 8;
const CONSUMER = 'follower';
const CHANGES_AT_ONCE = 100;

/** Straight to the pipe: what a buffer held at the kill would be lost. */
function print(line: string): void {
  writeSync(1, `${line}\n`);
}

const file = readFileSync(0, 'utf8');
// Started ahead, and not needed any more.
if (file === '') process.exit();
print('opening');
const store = sqliteDocumentStore({ file });

async function present({ groupId }: LoadGroup): Promise<Map<string, Stored>> {
  const found = new Map<string, Stored>();
  for (const type of LOAD_TYPES) {
    const { items } = await store.query({ type, groupId, limit: 1000 });
    for (const stored of items) found.set(stored.document.id, stored);
  }
  return found;
}

async function takeTurn(group: LoadGroup): Promise<void> {
  const found = await present(group);
  const turn = ((found.get(LEDGER_ID)?.document as Ledger | undefined)?.turn ?? 0) + 1;
  const versions = await store.write(group.groupId, nextBatch(group, turn, found));
  print(`turn ${group.groupId} ${turn} ${versions.at(-1)}`);
}

async function write(lane: number): Promise<never> {
  for (let number = lane; ; number += 1) {
    const group = LOAD_GROUPS[number % LOAD_GROUPS.length];
    if (group === undefined) throw new Error('there are groups');
    try {
      await takeTurn(group);
    } catch (error) {
      // Another lane was faster.
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
}

async function follow(): Promise<never> {
  let position = await store.checkpoint(CONSUMER);
  for (;;) {
    const changes = await store.changes(position, CHANGES_AT_ONCE);
    if (changes.documents.length === 0) {
      await setImmediate();
      continue;
    }
    position = changes.position;
    await store.saveCheckpoint(CONSUMER, position);
    print(`checkpoint ${position}`);
  }
}

await Promise.all([...Array.from({ length: LANES }, (_, lane) => write(lane)), follow()]);
