// Statements signed by a group key: JWSs (RFC 7515, compact, PS256) whose protected header says what they are for and
// whose payload says what is stated. A statement holds for exactly one purpose, context and content.
import { isDeepStrictEqual } from 'node:util';
import { CompactSign, compactVerify, decodeProtectedHeader, errors } from 'jose';
import type { GroupCertificate } from './certificates.ts';
import { decodeJson, isCanonicalCompact } from './encodings.ts';
import { CryptoError } from './errors.ts';
import type { GroupKey } from './group-key.ts';

const ALGORITHM = 'PS256';

export interface Statement {
  /** The header's `typ`. */
  readonly purpose: 'keyturn-endorsement' | 'keyturn-proof' | 'keyturn-password-change';
  /** Header fields beside `alg`, `typ` and `kid`. */
  readonly context: { readonly group: string; readonly version: number; readonly machine?: string };
  /** The payload: a JSON object. */
  readonly content: Readonly<Record<string, string | number>>;
}

/** A compact JWS of the statement. */
export async function signStatement(statement: Statement, key: GroupKey): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(statement.content), 'utf8'))
    .setProtectedHeader(statementHeader(statement, key.certificate))
    .sign(key.privateKey);
}

/**
 * Resolves when `jws` is `expected`, signed by the certificate's key.
 * @throws CryptoError with the code `invalid` for a bad structure or signature; WrongKey when it names another certificate;
 *   WrongContext when it is genuine, but another statement.
 */
export async function verifyStatement(
  jws: string,
  expected: Statement,
  certificate: GroupCertificate,
  invalid: 'EndorsementInvalid' | 'ProofInvalid',
): Promise<void> {
  const refusal = new CryptoError(invalid, 'not a statement signed by the group key');
  if (!isCanonicalCompact(jws)) throw refusal;
  if (claimedSigner(jws, refusal) !== certificate.thumbprint) {
    throw new CryptoError('WrongKey', 'the statement names another certificate');
  }
  const { protectedHeader, payload } = await compactVerify(jws, certificate.publicKey, {
    algorithms: [ALGORITHM],
  }).catch((cause: unknown) => {
    throw cause instanceof errors.JOSEError ? refusal : cause;
  });
  const isExpected =
    isDeepStrictEqual(protectedHeader, statementHeader(expected, certificate)) &&
    isDeepStrictEqual(decodeJson(payload), expected.content);
  if (!isExpected) {
    throw new CryptoError('WrongContext', 'the statement was signed for something else');
  }
}

function statementHeader({ purpose, context }: Statement, signer: GroupCertificate) {
  return { alg: ALGORITHM, typ: purpose, kid: signer.thumbprint, ...context };
}

function claimedSigner(jws: string, refusal: CryptoError): unknown {
  try {
    return decodeProtectedHeader(jws).kid;
  } catch {
    throw refusal;
  }
}
