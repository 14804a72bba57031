// What the service makes sure of before it accepts a key: it cannot open the package, but it can see that certificate,
// endorsement, proof and wraps belong together and to this group.
import type { z } from 'zod';
import type { issueKeyBody } from '../api/check-in.ts';
import { Problem } from '../api/problem.ts';
import type { ProblemCode } from '../api/problem.ts';
import { parseCertificate } from '../crypto/certificates.ts';
import type { GroupCertificate } from '../crypto/certificates.ts';
import { verifyEndorsement } from '../crypto/endorsement.ts';
import { CryptoError } from '../crypto/errors.ts';
import { verifyProof } from '../crypto/proof.ts';
import { CERTIFICATE_WRAP, packageDigest, PASSWORD_WRAP, requireWrap } from '../crypto/wraps.ts';
import type { IssuerLease } from '../domain/group.ts';
import { PACKAGE_BYTES_MAX } from '../ports/package-vault.ts';

type IssueRequest = z.output<typeof issueKeyBody>;

export interface CheckedKey {
  readonly certificate: GroupCertificate;
  readonly pkcs12: Buffer;
  readonly packageDigest: string;
}

/**
 * @param outgoing the certificate of the key before; null for version 1.
 * @throws Problem `Certificate…`, `EndorsementInvalid`, `ProofInvalid`, `WrapInvalid`, `PackageInvalid`.
 */
export async function checkKey(
  groupId: string,
  request: IssueRequest,
  lease: IssuerLease,
  outgoing: GroupCertificate | null,
): Promise<CheckedKey> {
  const certificate = checkCertificate(groupId, request, lease);
  const pkcs12 = checkPackage(request);
  const digest = packageDigest(pkcs12);
  const { version } = request;
  const { thumbprint } = certificate;
  checkWraps(request, { groupId, version, thumbprint, packageDigest: digest }, outgoing);
  await checkEndorsement(request, { groupId, version, thumbprint }, outgoing);
  const { machineId, challenge } = lease;
  await translated('ProofInvalid', () =>
    verifyProof(request.proof, { groupId, machineId, version, challenge }, certificate),
  );
  return { certificate, pkcs12, packageDigest: digest };
}

function checkCertificate(groupId: string, request: IssueRequest, lease: IssuerLease): GroupCertificate {
  const certificate = parsedCertificate(request.certificate);
  if (certificate.groupId !== groupId) {
    throw new Problem('CertificateWrongGroup', `Its subject must be CN=${groupId}.`);
  }
  if (certificate.notBefore !== lease.notBefore || certificate.notAfter !== lease.notAfter) {
    throw new Problem(
      'CertificateWrongValidity',
      `It must be valid from ${lease.notBefore} to ${lease.notAfter}, as the lease prescribes.`,
    );
  }
  return certificate;
}

function parsedCertificate(base64: string): GroupCertificate {
  try {
    return parseCertificate(base64);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    const code =
      error.code === 'CertificateKeyWeak' || error.code === 'CertificateNotSelfSigned'
        ? error.code
        : 'CertificateMalformed';
    throw new Problem(code, `${error.message}.`, { cause: error });
  }
}

function checkPackage(request: IssueRequest): Buffer {
  const pkcs12 = Buffer.from(request.package, 'base64');
  // A PKCS#12 file is a DER SEQUENCE (RFC 7292, section 4); more the service cannot see.
  if (pkcs12[0] !== 0x30 || pkcs12.length > PACKAGE_BYTES_MAX) {
    throw new Problem(
      'PackageInvalid',
      `The package must be a PKCS#12 file of at most ${PACKAGE_BYTES_MAX} bytes.`,
    );
  }
  return pkcs12;
}

function checkWraps(
  request: IssueRequest,
  context: Parameters<typeof requireWrap>[2],
  outgoing: GroupCertificate | null,
): void {
  const { passwordWrap, certificateWrap } = request;
  if (outgoing === null) {
    if (passwordWrap === undefined || certificateWrap !== undefined) {
      throw new Problem('WrapInvalid', 'Version 1 comes with a password wrap and no other.');
    }
    checkWrap(passwordWrap, PASSWORD_WRAP, context);
    return;
  }
  if (certificateWrap === undefined || passwordWrap !== undefined) {
    throw new Problem(
      'WrapInvalid',
      'A renewed key comes with a wrap for the outgoing certificate and no other.',
    );
  }
  if (checkWrap(certificateWrap, CERTIFICATE_WRAP, context).kid !== outgoing.thumbprint) {
    throw new Problem('WrapInvalid', 'The wrap is for another certificate than the outgoing one.');
  }
}

async function checkEndorsement(
  { endorsement }: IssueRequest,
  endorsed: Parameters<typeof verifyEndorsement>[1],
  outgoing: GroupCertificate | null,
): Promise<void> {
  if (outgoing === null) {
    // Nothing could verify it, and it would be handed to every machine.
    if (endorsement !== undefined) throw new Problem('EndorsementInvalid', 'Version 1 comes without one.');
    return;
  }
  await translated('EndorsementInvalid', () => verifyEndorsement(endorsement ?? '', endorsed, outgoing));
}

/** @throws Problem `WrapInvalid` unless the wrap is of this purpose and for this package. */
export function checkWrap(
  wrap: string,
  purpose: Parameters<typeof requireWrap>[1],
  context: Parameters<typeof requireWrap>[2],
): ReturnType<typeof requireWrap> {
  try {
    return requireWrap(wrap, purpose, context);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new Problem('WrapInvalid', `${error.message}.`, { cause: error });
  }
}

/** Runs a verification; whatever it refuses becomes the problem `code`. */
export async function translated(code: ProblemCode, verify: () => Promise<void>): Promise<void> {
  try {
    await verify();
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new Problem(code, `${error.message}.`, { cause: error });
  }
}
