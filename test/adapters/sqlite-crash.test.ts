import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import type { Page } from '../../shared/ports/document-store.ts';

const KILLS = 20;
const WRITER = fileURLToPath(new URL('./sqlite-crash-writer.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'keyturn-crash-'));
const file = join(folder, 'crash.db');
afterAll(() => rmSync(folder, { recursive: true }));

/** Lets a writer run until it acknowledged something, then kills it at some moment; returns what it acknowledged. */
async function writeAndKill(first: number): Promise<number[]> {
  const writer = spawn(process.execPath, [WRITER, file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => writer.kill('SIGKILL'), randomInt(60));
    output += text;
  });
  const [code, signal] = (await once(writer, 'close')) as [number | null, string | null];
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  // A line that the kill cut off acknowledges nothing.
  return output.split('\n').slice(0, -1).map(Number);
}

it('keeps every acknowledged write and no half of a batch, however often it is killed', async () => {
  const acknowledged: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) acknowledged.push(...(await writeAndKill(kill * 1_000_000)));
  expect(acknowledged.length).toBeGreaterThan(KILLS);

  const store = sqliteDocumentStore({ file });
  const found = new Map<string, number>();
  let cursor: string | null = null;
  do {
    const page: Page = await store.query({ type: 'machine', limit: 1000, cursor });
    for (const { document } of page.items)
      found.set(document.groupId, (found.get(document.groupId) ?? 0) + 1);
    cursor = page.cursor;
  } while (cursor !== null);
  expect(acknowledged.filter((number) => found.get(`g${number}`) !== 3)).toEqual([]);
  expect([...found].filter(([, documents]) => documents !== 3)).toEqual([]);
  await store.close();

  const database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
});
