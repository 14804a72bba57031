// DER, as far as certificates and PKCS#12 need it: node-forge's ASN.1 behind bytes instead of binary strings.
// Reading is strict: `decode` takes one whole value, and each reader refuses another shape with DerMismatch.
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

export type DerNode = forge.asn1.Asn1;

/** The bytes are not DER, or not of the shape that was asked for. */
export class DerMismatch extends Error {
  override readonly name = 'DerMismatch';
}

export function sequence(...items: readonly DerNode[]): DerNode {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

export function set(...items: readonly DerNode[]): DerNode {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...items]);
}

/** Numbers of the context-specific tags in certificates and PKCS#12. */
export type ContextTag = 0 | 3;

/** A context-specific explicit tag around one value. */
export function explicit(tag: ContextTag, item: DerNode): DerNode {
  return asn1.create(Class.CONTEXT_SPECIFIC, tagNumber(tag), true, [item]);
}

export function oid(dotted: string): DerNode {
  return primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
}

export function integer(value: number): DerNode {
  return primitive(Type.INTEGER, asn1.integerToDer(value).getBytes());
}

/** A positive integer from its big-endian bytes; the first must be 1 to 127, so that the bytes are DER already. */
export function bigInteger(bytes: Uint8Array): DerNode {
  return primitive(Type.INTEGER, toBinary(bytes));
}

export function boolean(value: boolean): DerNode {
  return primitive(Type.BOOLEAN, value ? '\xff' : '\x00');
}

export function nothing(): DerNode {
  return primitive(Type.NULL, '');
}

export function octetString(bytes: Uint8Array): DerNode {
  return primitive(Type.OCTETSTRING, toBinary(bytes));
}

export function bitString(bytes: Uint8Array, unusedBits = 0): DerNode {
  return primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + toBinary(bytes));
}

export function utf8String(text: string): DerNode {
  return primitive(Type.UTF8, toBinary(Buffer.from(text, 'utf8')));
}

export function bmpString(text: string): DerNode {
  return primitive(Type.BMPSTRING, text);
}

/** A certificate's time: UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function time(date: Date): DerNode {
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

export function encode(node: DerNode): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'binary');
}

/** Reads one DER value that fills `bytes`. */
export function decode(bytes: Uint8Array): DerNode {
  try {
    return asn1.fromDer(toBinary(bytes), true);
  } catch {
    throw new DerMismatch('not one DER value');
  }
}

/** The items of a sequence or set. */
export function readItems(node: DerNode | undefined): readonly DerNode[] {
  const isList = node?.type === Type.SEQUENCE || node?.type === Type.SET;
  if (isList && node.tagClass === Class.UNIVERSAL && Array.isArray(node.value)) return node.value;
  throw new DerMismatch('not a sequence or set');
}

/** The one value inside a context-specific explicit tag. */
export function readExplicit(tag: ContextTag, node: DerNode | undefined): DerNode {
  const [item, ...rest] = node !== undefined && Array.isArray(node.value) ? node.value : [];
  const isTagged = node?.tagClass === Class.CONTEXT_SPECIFIC && node.type === tagNumber(tag);
  if (isTagged && item !== undefined && rest.length === 0) return item;
  throw new DerMismatch(`not one value under tag ${tag}`);
}

export function readOid(node: DerNode | undefined): string {
  return asn1.derToOid(readPrimitive(Type.OID, node));
}

/** An integer of up to 32 bits. */
export function readInteger(node: DerNode | undefined): number {
  const bytes = readPrimitive(Type.INTEGER, node);
  if (bytes.length > 4) throw new DerMismatch('the integer is too large');
  return asn1.derToInteger(bytes);
}

export function readOctetString(node: DerNode | undefined): Buffer {
  return Buffer.from(readPrimitive(Type.OCTETSTRING, node), 'binary');
}

/** node-forge keeps a tag's number where it keeps universal types: 0 and 3 go by those names. */
function tagNumber(tag: ContextTag): forge.asn1.Type {
  return tag === 0 ? Type.NONE : Type.BITSTRING;
}

function primitive(type: forge.asn1.Type, value: string): DerNode {
  return asn1.create(Class.UNIVERSAL, type, false, value);
}

function readPrimitive(type: forge.asn1.Type, node: DerNode | undefined): string {
  if (node?.tagClass === Class.UNIVERSAL && node.type === type && typeof node.value === 'string') {
    return node.value;
  }
  throw new DerMismatch(`not a value of type ${type}`);
}

function toBinary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('binary');
}
