import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCertificate, RSA_BITS } from '../../shared/crypto/certificates.ts';
import { groupKeyFromPem, groupKeyToPem, newGroupKey } from '../../shared/crypto/group-key.ts';
import { newSelfSignedCertificate } from '../../shared/crypto/self-signed-certificate.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { openssl } from '../vectors/openssl.ts';
import { codeOf, flipBit, GROUP_ID, keys } from './fixtures.ts';

const DER = Buffer.from(keys.outgoing.certificate.base64, 'base64');

describe('a new group key', () => {
  it('is RSA of 3,072 bits, with a certificate of exactly the dates prescribed', async () => {
    const dates = {
      notBefore: '2026-11-21T23:55:07Z' as Instant,
      notAfter: '2031-11-21T23:59:59Z' as Instant,
    };
    const key = await newGroupKey({ groupId: GROUP_ID, version: 3, ...dates });
    expect(key).toMatchObject({ groupId: GROUP_ID, version: 3 });
    expect(key.certificate).toMatchObject({ ...dates, groupId: GROUP_ID, modulusLength: RSA_BITS });
    expect(key.privateKey.asymmetricKeyDetails).toMatchObject({
      modulusLength: 3072,
      publicExponent: 65_537n,
    });
  });

  it('keeps its dates beyond 2049, where certificates change their form of time', () => {
    const dates = {
      notBefore: '2049-12-31T23:59:59Z' as Instant,
      notAfter: '2050-01-01T00:00:00Z' as Instant,
    };
    const base64 = newSelfSignedCertificate({ groupId: GROUP_ID, ...dates }, keys.outgoing.privateKey);
    expect(parseCertificate(base64)).toMatchObject(dates);
  });

  it('has a certificate that is for encrypting and signing, and not for certifying others', () => {
    const text = openssl(
      ['x509', '-inform', 'DER', '-noout', '-text', '-nameopt', 'RFC2253'],
      DER,
    ).toString();
    expect(text).toContain(`Subject: CN=${GROUP_ID},O=Keyturn`);
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment, Data Encipherment\n/);
    expect(text).toMatch(/Subject Key Identifier: *\n\s+([0-9A-F]{2}:){31}[0-9A-F]{2}\n/);
  });

  it('has a certificate that OpenSSL verifies strictly', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-certificate-'));
    const file = join(folder, 'certificate.pem');
    try {
      writeFileSync(file, new X509Certificate(DER).toString());
      const verified = openssl(['verify', '-x509_strict', '-attime', '1800000000', '-CAfile', file, file]);
      expect(verified.toString()).toBe(`${file}: OK\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has a positive serial number of 16 bytes that no other certificate has', () => {
    const request = {
      groupId: GROUP_ID,
      notBefore: '2026-01-01T00:00:00Z' as Instant,
      notAfter: '2027-01-01T00:00:00Z' as Instant,
    };
    const serials = Array.from({ length: 8 }, () => {
      const base64 = newSelfSignedCertificate(request, keys.outgoing.privateKey);
      return new X509Certificate(Buffer.from(base64, 'base64')).serialNumber;
    });
    expect(new Set(serials).size).toBe(8);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});

describe('a group key in PEM', () => {
  it('comes back as it was', () => {
    const pem = groupKeyToPem(keys.incoming);
    const key = groupKeyFromPem(JSON.parse(JSON.stringify(pem)));
    expect(key.privateKey.equals(keys.incoming.privateKey)).toBe(true);
    expect({ ...key, privateKey: null }).toEqual({ ...keys.incoming, privateKey: null });
  });

  it('is refused with the private key of another certificate', async () => {
    const { privateKeyPem } = groupKeyToPem(keys.stranger);
    expect(await codeOf(() => groupKeyFromPem({ ...groupKeyToPem(keys.incoming), privateKeyPem }))).toBe(
      'WrongKey',
    );
  });

  it('is refused when it holds no private key, a public one included', async () => {
    const publicPem = keys.incoming.certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const privateKeyPem of ['', 'not PEM', publicPem]) {
      expect(await codeOf(() => groupKeyFromPem({ ...groupKeyToPem(keys.incoming), privateKeyPem }))).toBe(
        'KeyMalformed',
      );
    }
  });
});

describe('a certificate', () => {
  it('is refused once any bit of it has changed', async () => {
    const bits = fc.integer({ min: 0, max: DER.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const base64 = flipBit(DER, bit).toString('base64');
        expect(await codeOf(() => parseCertificate(base64))).toMatch(/^Certificate/);
      }),
      { numRuns: 600 },
    );
  });

  it('is told from any other bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String({ maxLength: 400 })), async (text) => {
        expect(await codeOf(() => parseCertificate(text))).toBe('CertificateMalformed');
      }),
    );
  });

  it('is refused when it ends before it begins, or as it begins', async () => {
    const notBefore = '2027-01-01T00:00:00Z' as Instant;
    for (const notAfter of ['2027-01-01T00:00:00Z', '2026-12-31T23:59:59Z'] as Instant[]) {
      const base64 = newSelfSignedCertificate(
        { groupId: GROUP_ID, notBefore, notAfter },
        keys.outgoing.privateKey,
      );
      expect(await codeOf(() => parseCertificate(base64))).toBe('CertificateMalformed');
    }
  });
});
