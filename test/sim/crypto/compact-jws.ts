// Compact JWSs in shape, signed by simulated keys. Promises: what `verified` answers is what the key's holder signed, to the
// letter; the checks come in the order in which jose makes them.
import type { KeyObject } from 'node:crypto';
import { decodeBase64url, decodeJson } from '../../../shared/crypto/encodings.ts';
import { isSignedBy, sign } from './simulated-keys.ts';

export interface VerifiedJws {
  readonly header: Readonly<Record<string, unknown>>;
  /** Undefined when it is not JSON. */
  readonly payload: unknown;
}

export function signCompact(header: object, payload: object, privateKey: KeyObject): string {
  const input = [header, payload].map((part) =>
    Buffer.from(JSON.stringify(part), 'utf8').toString('base64url'),
  );
  return [...input, sign(input.join('.'), privateKey)].join('.');
}

/** The protected header of what may be a compact JWS or JWE, not verified; null when there is none. */
export function claimedHeader(text: string): VerifiedJws['header'] | null {
  const parts = text.split('.');
  return parts.length === 3 || parts.length === 5 ? parsedHeader(parts[0] ?? '') : null;
}

/** What the holder of the public half's private key signed; `malformed` when it is no JWS by `algorithm`, else `unsigned`. */
export function verified(
  jws: string,
  algorithm: string,
  publicHalf: string,
): VerifiedJws | 'malformed' | 'unsigned' {
  const [headerPart = '', payloadPart = '', signature, ...rest] = jws.split('.');
  const header = parsedHeader(headerPart);
  if (header === null || signature === undefined || rest.length > 0) return 'malformed';
  if (header.alg !== algorithm || header.crit !== undefined) return 'malformed';
  if (!isSignedBy(`${headerPart}.${payloadPart}`, signature, publicHalf)) return 'unsigned';
  return { header, payload: decodeJson(decodeBase64url(payloadPart) ?? Buffer.alloc(0)) };
}

function parsedHeader(part: string): VerifiedJws['header'] | null {
  const bytes = decodeBase64url(part);
  const header = bytes === null ? null : decodeJson(bytes);
  const isHeader = typeof header === 'object' && header !== null && !Array.isArray(header);
  return isHeader ? (header as VerifiedJws['header']) : null;
}
