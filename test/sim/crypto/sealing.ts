// Symmetric sealing of the simulation: a key stream of hashes and a tag. Promises: only the same key opens what was sealed,
// and only together with the text that it was bound to.
import { hash } from 'node:crypto';

const BLOCK_BYTES = 32;
const TAG_BYTES = 16;

export interface Sealed {
  readonly ciphertext: Uint8Array;
  /** 16 bytes in base64url. */
  readonly tag: string;
}

/**
 * @param key without white space.
 * @param boundTo without white space: travels beside what is sealed, and cannot be changed.
 */
export function seal(plain: Uint8Array, key: string, boundTo: string): Sealed {
  const ciphertext = underKeyStream(plain, key);
  return { ciphertext, tag: tagOf(ciphertext, key, boundTo) };
}

/** Null when it was sealed under another key or bound to another text, or was changed. */
export function open({ ciphertext, tag }: Sealed, key: string, boundTo: string): Uint8Array | null {
  return tagOf(ciphertext, key, boundTo) === tag ? underKeyStream(ciphertext, key) : null;
}

function underKeyStream(bytes: Uint8Array, key: string): Uint8Array {
  const blocks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    blocks.push(hash('sha256', `stream ${key} ${start}`, 'buffer'));
  }
  const stream = Buffer.concat(blocks);
  return bytes.map((byte, index) => byte ^ stream.readUInt8(index));
}

function tagOf(ciphertext: Uint8Array, key: string, boundTo: string): string {
  const text = `tag ${key} ${boundTo} ${Buffer.from(ciphertext).toString('base64url')}`;
  return hash('sha256', text, 'buffer').subarray(0, TAG_BYTES).toString('base64url');
}
