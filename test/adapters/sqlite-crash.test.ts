// The store's writer killed in the middle of its work; `npm run crash` does the same a thousand times. That what is looked
// for would be found is tried on stores that were spoiled by hand.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { openDatabase } from '../../shared/adapters/sqlite-schema.ts';
import type { Stored } from '../../shared/ports/document-store.ts';
import { Acknowledged } from '../crash/acknowledged.ts';
import { violationsOf } from '../crash/check.ts';
import { killWriters } from '../crash/kill-loop.ts';
import { LOAD_GROUPS, nextBatch } from '../crash/load.ts';
import type { LoadGroup } from '../crash/load.ts';

const KILLS = 24;

const folder = mkdtempSync(join(tmpdir(), 'keyturn-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('keeps every acknowledged write and no half of a batch, whenever it is killed', async () => {
  const report = await killWriters(folder, KILLS);
  expect(report.violations).toEqual([]);
  expect(report.acknowledgedBatches).toBeGreaterThan(KILLS);
  expect(report.acknowledgedCheckpoints).toBeGreaterThan(0);
  expect(report.insideCheckpoint).toBeGreaterThan(0);
});

it('has the settings that its promise for a power loss rests on: no kill could tell', () => {
  const database = openDatabase(join(folder, 'settings.db'));
  const setting = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  expect([setting('journal_mode'), setting('synchronous'), setting('fullfsync')]).toEqual(['wal', 2, 1]);
  database.close();
});

describe('what is looked for is found:', () => {
  const [, group = { groupId: '', machines: 0 }] = LOAD_GROUPS;
  let file: string;
  let acknowledged: Acknowledged;
  let made = 0;
  beforeEach(async () => {
    file = join(folder, `spoiled-${(made += 1)}.db`);
    acknowledged = new Acknowledged();
    acknowledged.add(await twoTurns(file, group));
  });

  it('nothing, before it is spoiled', async () => {
    expect(await violationsOf(file, acknowledged)).toEqual([]);
  });

  it.for<[string, string, RegExp]>([
    [
      'a document of the batch before',
      `UPDATE documents SET json = replace(json, '"turn":2', '"turn":1') WHERE id = 'm1'`,
      /m1 is not as turn 2/,
    ],
    ['a document that was not created', `DELETE FROM documents WHERE id = 'm2'`, /m2 is not as turn 2/],
    [
      'a document that was not deleted',
      `UPDATE documents SET id = 'job:1', json = replace(json, 'job:2', 'job:1') WHERE id = 'job:2'`,
      /job:1 is not as turn 2/,
    ],
    [
      'an acknowledged batch that is gone as a whole',
      'DELETE FROM documents',
      /at turn 0, but 2 was acknowledged/,
    ],
    [
      'a version to be given again',
      'DELETE FROM documents WHERE sequence > 5; UPDATE feed SET sequence = 5',
      /the next write got version 6, after/,
    ],
    [
      'a checkpoint that went back',
      'UPDATE checkpoints SET position = position - 1',
      /the checkpoint is 4, but 5 was acknowledged/,
    ],
    [
      'a status that is not the document’s',
      `UPDATE documents SET status = 'NoKey' WHERE id = 'group'`,
      /"status".*does not answer/,
    ],
    [
      'a due date that is not the document’s',
      `UPDATE documents SET nextActionOn = NULL WHERE id = 'job:2'`,
      /"nextActionOn".*does not answer/,
    ],
    [
      'an index that says something else than its table',
      `PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET sql = replace(sql, '(sequence)', '(sequence DESC)') WHERE name = 'documents_by_sequence'`,
      /integrity_check/,
    ],
  ])('%s', async ([, statement, found]) => {
    spoil(file, statement);
    expect((await violationsOf(file, acknowledged)).join('\n')).toMatch(found);
  });
});

/** A store with one group in its second turn, and what its writer would have printed. */
async function twoTurns(file: string, group: LoadGroup): Promise<string[]> {
  const store = sqliteDocumentStore({ file });
  const lines: string[] = [];
  for (const turn of [1, 2]) {
    const { documents } = await store.changes(null, 1000);
    const present = new Map<string, Stored>();
    for (const { groupId, id } of documents) {
      const stored = await store.read(groupId, id);
      if (stored !== null) present.set(id, stored);
    }
    const versions = await store.write(group.groupId, nextBatch(group, turn, present));
    lines.push(`turn ${group.groupId} ${turn} ${versions.at(-1)}`);
  }
  await store.saveCheckpoint('follower', '5');
  await store.close();
  return [...lines, 'checkpoint 5'];
}

function spoil(file: string, statement: string): void {
  const database = new DatabaseSync(file, { defensive: false });
  database.exec(statement);
  database.close();
}
