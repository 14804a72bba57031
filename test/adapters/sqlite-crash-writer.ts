// Writes batches of three documents without end, several at a time, and prints the number of each that was
// acknowledged. Whoever starts it kills it. Arguments: the file, and the first number.
import { writeSync } from 'node:fs';
import { sqliteDocumentStore } from '../../shared/adapters/sqlite-document-store.ts';
import { newDocument } from '../conformance/documents.ts';

const [, , file = '', first = '0'] = process.argv;
const store = sqliteDocumentStore({ file });
let number = Number(first);

async function write(): Promise<never> {
  for (;;) {
    const own = number;
    number += 1;
    const groupId = `g${own}`;
    await store.write(
      groupId,
      ['a', 'b', 'c'].map((id) => ({
        kind: 'create',
        document: newDocument(groupId, id, { text: 'x'.repeat(600) }),
      })),
    );
    // Straight to the pipe: what a buffer held at the kill would be lost.
    writeSync(1, `${own}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, write));
