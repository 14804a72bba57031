import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportPfx } from '../../shared/crypto/exported-pfx.ts';
import { groupKeyToPem } from '../../shared/crypto/group-key.ts';
import { readPkcs12 } from '../../shared/crypto/pkcs12-reader.ts';
import { openssl } from '../vectors/openssl.ts';
import { codeOf, GROUP_ID, keys } from './fixtures.ts';

const { incoming } = keys;
const PASSWORD = 'Grüße an 🔑 Björn';

let pfx: Uint8Array;

beforeAll(async () => {
  pfx = await exportPfx(incoming, PASSWORD);
});

function readByOpenssl(...args: string[]): string {
  return openssl(['pkcs12', '-passin', `pass:${PASSWORD}`, ...args], pfx).toString();
}

describe('an exported group key', () => {
  it('opens in OpenSSL 3 as it is: the very certificate and private key', () => {
    const certificate = new X509Certificate(readByOpenssl('-nokeys'));
    const privateKey = createPrivateKey(readByOpenssl('-nocerts', '-noenc'));
    expect(certificate.raw.toString('base64')).toBe(incoming.certificate.base64);
    expect(privateKey.equals(incoming.privateKey)).toBe(true);
  });

  it('is as slow to guess by its MAC as by its key: 600,000 iterations each', () => {
    const description = openssl(['asn1parse', '-inform', 'DER'], pfx).toString();
    expect(description).toMatch(/INTEGER\s+:0927C0\s*$/);
    // The private key's derivation lies in the content that the MAC covers: 2.16.840… follows PBKDF2's 600,000.
    const needle = Buffer.from('02030927c0300c06082a864886f70d0209', 'hex');
    expect(Buffer.from(pfx).includes(needle)).toBe(true);
  });

  it('carries a name that says which key it is', () => {
    expect(readByOpenssl('-nokeys')).toContain(`friendlyName: Keyturn ${GROUP_ID} v2`);
  });

  it('does not open with another password', async () => {
    expect(await codeOf(() => readPkcs12(pfx, `${PASSWORD}!`))).toBe('PackageTampered');
    expect(() => openssl(['pkcs12', '-passin', 'pass:another', '-nokeys'], pfx)).toThrow('Mac verify error');
  });

  it('is not made under a short password', async () => {
    expect(await codeOf(() => exportPfx(incoming, 'elevenchars'))).toBe('PasswordTooShort');
  });
});

describe('a PKCS#12 file that OpenSSL made', () => {
  const { privateKeyPem } = groupKeyToPem(incoming);
  const pem =
    privateKeyPem + new X509Certificate(Buffer.from(incoming.certificate.base64, 'base64')).toString();
  const made = (...args: string[]) =>
    openssl(
      ['pkcs12', '-export', '-passout', 'pass:twelve chars and more', '-keypbe', 'AES-256-CBC', ...args],
      pem,
    );

  it('is read when it is of the profile', () => {
    const contents = readPkcs12(made('-certpbe', 'NONE'), 'twelve chars and more');
    expect(contents.privateKey.equals(incoming.privateKey)).toBe(true);
    expect(contents.certificateDer.toString('base64')).toBe(incoming.certificate.base64);
  });

  it.each([
    ['hides its certificate', ['-certpbe', 'AES-256-CBC']],
    ['has a MAC with SHA-1', ['-certpbe', 'NONE', '-macalg', 'sha1']],
    ['encrypts its key with AES-128', ['-certpbe', 'NONE', '-keypbe', 'AES-128-CBC']],
    ['has no MAC', ['-certpbe', 'NONE', '-nomac']],
    ['holds no certificate', ['-nocerts']],
  ])('is refused when it %s', async (_, args) => {
    const pkcs12 = made(...args);
    expect(await codeOf(() => readPkcs12(pkcs12, 'twelve chars and more'))).toBe('PackageMalformed');
  });
});
