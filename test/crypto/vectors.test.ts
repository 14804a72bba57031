import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../shared/crypto/certificates.ts';
import { verifyEndorsement } from '../../shared/crypto/endorsement.ts';
import { enrollmentSecretMatches, parseEnrollmentToken } from '../../shared/crypto/enrollment-token.ts';
import { CryptoError } from '../../shared/crypto/errors.ts';
import { packagePassword } from '../../shared/crypto/key-package.ts';
import { identityThumbprint, parsePublicJwk } from '../../shared/crypto/machine-identity.ts';
import { verifyMachineToken } from '../../shared/crypto/machine-token.ts';
import { openPackage, unwrapWithKey, unwrapWithPassword } from '../../shared/crypto/open-package.ts';
import { readPkcs12 } from '../../shared/crypto/pkcs12-reader.ts';
import { verifyPasswordChange, verifyProof } from '../../shared/crypto/proof.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { VectorFile } from '../vectors/vector-file.ts';
import { vectorUrl } from '../vectors/vector-file.ts';
import type { VectorExpected, VectorInput, VectorName } from '../vectors/vector-types.ts';
import { keys } from './fixtures.ts';

/** Runs every case of a vector file: the outcome must be the expected value, or a refusal with the expected code. */
function verifyVectors<Name extends VectorName>(
  name: Name,
  run: (input: VectorInput<Name>) => VectorExpected<Name> | Promise<VectorExpected<Name>>,
): void {
  describe(`the vectors of ${name}`, () => {
    const { cases } = JSON.parse(readFileSync(vectorUrl(name), 'utf8')) as VectorFile<
      VectorInput<Name>,
      VectorExpected<Name>
    >;
    it.each(cases)('hold for $name', async ({ input, expected, code }) => {
      const outcome = await Promise.resolve(input)
        .then(run)
        .then(
          (value) => ({ expected: value }),
          (cause: unknown) => {
            if (cause instanceof CryptoError) return { code: cause.code };
            throw cause;
          },
        );
      expect(outcome).toEqual(code === undefined ? { expected } : { code });
    });
  });
}

verifyVectors('certificates', ({ certificate }) => {
  const { base64: _base64, publicKey: _publicKey, ...seen } = parseCertificate(certificate);
  return seen;
});

verifyVectors('packages', async ({ pkcs12, secret, context }) => {
  const key = await openPackage(Buffer.from(pkcs12, 'base64'), Buffer.from(secret, 'base64url'), context);
  return {
    privateKeyPem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: key.certificate.base64,
  };
});

verifyVectors('exported-pfx', ({ pkcs12, password }) => {
  const contents = readPkcs12(Buffer.from(pkcs12, 'base64'), password);
  return {
    privateKeyPem: contents.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: contents.certificateDer.toString('base64'),
  };
});

verifyVectors('password-wraps', async ({ jwe, password, context }) => ({
  secret: packagePassword(await unwrapWithPassword(jwe, password, context)),
}));

verifyVectors('certificate-wraps', async ({ jwe, key, context }) => ({
  secret: packagePassword(await unwrapWithKey(jwe, keys[key], context)),
}));

verifyVectors('endorsements', async (input) => {
  await verifyEndorsement(input.jws, input.statement, parseCertificate(input.certificate));
  return { verified: true };
});

verifyVectors('proofs', async (input) => {
  await verifyProof(input.jws, input.statement, parseCertificate(input.certificate));
  return { verified: true };
});

verifyVectors('password-changes', async (input) => {
  await verifyPasswordChange(input.jws, input.statement, parseCertificate(input.certificate));
  return { verified: true };
});

verifyVectors('machine-tokens', ({ token, ...expected }) =>
  verifyMachineToken(token, { ...expected, now: expected.now as Instant }),
);

verifyVectors('public-jwks', ({ jwk }) => ({
  thumbprint: identityThumbprint(parsePublicJwk(jwk)),
}));

verifyVectors('enrollment-tokens', ({ text, secretHash }) => {
  const token = parseEnrollmentToken(text);
  if (token === null) return null;
  const { groupId, tokenId, secret } = token;
  return { groupId, tokenId, secretMatches: enrollmentSecretMatches(secret, secretHash) };
});
