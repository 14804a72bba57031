// Stand-in for shared/crypto/signed-statement.ts. The real proof.ts and endorsement.ts arrive here under the simulation's hook.
import { isDeepStrictEqual } from 'node:util';
import type { GroupCertificate } from '../../../shared/crypto/certificates.ts';
import { isCanonicalCompact } from '../../../shared/crypto/encodings.ts';
import { CryptoError } from '../../../shared/crypto/errors.ts';
import type * as real from '../../../shared/crypto/signed-statement.ts';
import { claimedHeader, signCompact, verified } from './compact-jws.ts';
import { fromPublicKeyObject } from './simulated-keys.ts';

const ALGORITHM = 'PS256';

export const signStatement: typeof real.signStatement = async (statement, key) =>
  signCompact(statementHeader(statement, key.certificate), statement.content, key.privateKey);

export const verifyStatement: typeof real.verifyStatement = async (jws, expected, certificate, invalid) => {
  const refusal = new CryptoError(invalid, 'not a statement signed by the group key');
  const claimed = isCanonicalCompact(jws) ? claimedHeader(jws) : null;
  if (claimed === null) throw refusal;
  if (claimed.kid !== certificate.thumbprint) {
    throw new CryptoError('WrongKey', 'the statement names another certificate');
  }
  const statement = verified(jws, ALGORITHM, fromPublicKeyObject(certificate.publicKey));
  if (statement === 'malformed' || statement === 'unsigned') throw refusal;
  const isExpected =
    isDeepStrictEqual(statement.header, statementHeader(expected, certificate)) &&
    isDeepStrictEqual(statement.payload, expected.content);
  if (!isExpected) throw new CryptoError('WrongContext', 'the statement was signed for something else');
};

function statementHeader({ purpose, context }: real.Statement, signer: GroupCertificate) {
  return { alg: ALGORITHM, typ: purpose, kid: signer.thumbprint, ...context };
}
