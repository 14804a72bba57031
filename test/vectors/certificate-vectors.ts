// Vectors of certificates: the group's own, and ones that must be refused.
import { generateKeyPairSync } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CryptoErrorCode } from '../../shared/crypto/errors.ts';
import { newSelfSignedCertificate } from '../../shared/crypto/self-signed-certificate.ts';
import { openssl } from './openssl.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';
import type { VectorKeys } from './vector-keys.ts';
import { GROUP_ID, NOT_AFTER, NOT_BEFORE } from './vector-keys.ts';

export interface CertificateInput {
  readonly certificate: string;
}

export interface CertificateExpected {
  readonly thumbprint: string;
  readonly groupId: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly modulusLength: number;
}

export function certificateVectors({
  outgoing,
  stranger,
}: VectorKeys): VectorFile<CertificateInput, CertificateExpected> {
  const { base64, publicKey: _, ...expected } = outgoing.certificate;
  const der = Buffer.from(base64, 'base64');
  const request = { groupId: GROUP_ID, notBefore: NOT_BEFORE, notAfter: NOT_AFTER };
  const rsa2048 = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const resigned = Buffer.concat([
    der.subarray(0, der.length - 384),
    Buffer.from(stranger.certificate.base64, 'base64').subarray(-384),
  ]);
  return {
    comment:
      'Standard base64 of DER. A certificate that is accepted has the thumbprint, group and dates expected.',
    cases: [
      { name: "the group's certificate", input: { certificate: base64 }, expected },
      refused('an RSA key of 2,048 bits', newSelfSignedCertificate(request, rsa2048), 'CertificateKeyWeak'),
      refused(
        'an elliptic-curve key',
        madeByOpenssl(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']),
        'CertificateKeyWeak',
      ),
      refused(
        'an RSA-PSS key',
        madeByOpenssl(['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:3072']),
        'CertificateKeyWeak',
      ),
      refused(
        'a public exponent of 3',
        madeByOpenssl(['rsa', '-pkeyopt', 'rsa_keygen_bits:3072', '-pkeyopt', 'rsa_keygen_pubexp:3']),
        'CertificateKeyWeak',
      ),
      refused(
        'a signature with SHA-512',
        madeByOpenssl(['rsa', '-pkeyopt', 'rsa_keygen_bits:3072', '-sha512']),
        'CertificateMalformed',
      ),
      refused(
        'a common name that is no group id',
        madeByOpenssl(['rsa', '-pkeyopt', 'rsa_keygen_bits:3072'], '/CN=www.example.com'),
        'CertificateMalformed',
      ),
      refused("another key's signature", resigned.toString('base64'), 'CertificateNotSelfSigned'),
      refused(
        'a byte after the certificate',
        Buffer.concat([der, Buffer.of(0)]).toString('base64'),
        'CertificateMalformed',
      ),
      refused('a certificate cut short', der.subarray(0, -1).toString('base64'), 'CertificateMalformed'),
      refused(
        'base64 with a line break',
        `${base64.slice(0, 64)}\n${base64.slice(64)}`,
        'CertificateMalformed',
      ),
      refused('base64url', der.toString('base64url'), 'CertificateMalformed'),
      refused('PEM in base64', Buffer.from(toPem(base64)).toString('base64'), 'CertificateMalformed'),
      refused('nothing', '', 'CertificateMalformed'),
    ],
  };
}

function refused(
  name: string,
  certificate: string,
  code: CryptoErrorCode,
): VectorCase<CertificateInput, CertificateExpected> {
  return { name, input: { certificate }, code };
}

function madeByOpenssl(keyArguments: readonly string[], subject = `/O=Keyturn/CN=${GROUP_ID}`): string {
  const keyFile = join(tmpdir(), `keyturn-vector-key-${process.pid}.pem`);
  try {
    const args = [
      'req',
      '-x509',
      '-days',
      '365',
      '-subj',
      subject,
      '-outform',
      'DER',
      '-nodes',
      '-keyout',
      keyFile,
    ];
    return openssl([...args, '-newkey', ...keyArguments]).toString('base64');
  } finally {
    rmSync(keyFile, { force: true });
  }
}

function toPem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
