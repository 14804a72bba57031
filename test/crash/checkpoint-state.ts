// Whether a writer is, or was when it was killed, copying its write-ahead log into the database: a checkpoint. SQLite says
// so in the shared-memory file beside the log, which outlives a killed process ("WAL-mode File Format", the WAL-index
// header). A log that was just recovered looks the same there; but a checkpoint also changes the database file.
import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** Behind two copies of the 48-byte header: frames copied, in the byte order of the machine. */
const COPIED_AT = 96;
/** Frames that the last checkpoint set out to copy. */
const ATTEMPTED_AT = 128;
const HEADER_BYTES = 136;
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** To be called before the writer opens the file; what it answers tells whether the writer is inside a checkpoint. */
export function watchCheckpoints(file: string): () => boolean {
  const before = modifiedOn(file);
  return () => isCopying(`${file}-shm`) && modifiedOn(file) !== before;
}

function isCopying(shared: string): boolean {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const descriptor = openIfThere(shared);
  if (descriptor === null) return false;
  try {
    if (readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return false;
  } finally {
    closeSync(descriptor);
  }
  return header.getUint32(ATTEMPTED_AT, IS_LITTLE_ENDIAN) > header.getUint32(COPIED_AT, IS_LITTLE_ENDIAN);
}

function modifiedOn(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
