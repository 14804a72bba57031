// Whether a database file's last user was copying its write-ahead log into the database: a checkpoint. SQLite says so in
// the shared-memory file beside the log, which outlives a killed process ("WAL-mode File Format", the WAL-index header).
import { closeSync, openSync, readSync } from 'node:fs';

/** Behind two copies of the 48-byte header: frames copied, in the byte order of the machine. */
const COPIED_AT = 96;
/** Frames that the last checkpoint set out to copy. */
const ATTEMPTED_AT = 128;
const HEADER_BYTES = 136;

export function isInsideCheckpoint(file: string): boolean {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  let descriptor: number;
  try {
    descriptor = openSync(`${file}-shm`, 'r');
  } catch (error) {
    // Nobody has opened the database since it was last closed.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
  try {
    if (readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return false;
  } finally {
    closeSync(descriptor);
  }
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  return header.getUint32(ATTEMPTED_AT, isLittleEndian) > header.getUint32(COPIED_AT, isLittleEndian);
}
