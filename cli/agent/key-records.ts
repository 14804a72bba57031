// Between group keys in memory and their records in the folder.
import { parseCertificate } from '../../shared/crypto/certificates.ts';
import { CryptoError } from '../../shared/crypto/errors.ts';
import { groupKeyFromPem, groupKeyToPem } from '../../shared/crypto/group-key.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import type { PackageContext } from '../../shared/crypto/wraps.ts';
import { Failure } from '../failure.ts';
import type { HeldKeyRecord } from './agent-records.ts';
import { heldKeyName } from './agent-records.ts';

export type SealedKeyRecord = Omit<HeldKeyRecord, 'provedOn'>;

export function toKeyRecord(
  key: GroupKey,
  packageSecret: Uint8Array,
  packageDigest: string,
): SealedKeyRecord {
  const { version, privateKeyPem, certificate } = groupKeyToPem(key);
  return {
    version,
    thumbprint: key.certificate.thumbprint,
    certificate,
    privateKeyPem,
    packageSecret: Buffer.from(packageSecret).toString('base64url'),
    packageDigest,
  };
}

/**
 * The key of a record.
 * @throws Failure `folder` when it is no key, or not this group's.
 */
export function fromKeyRecord(record: SealedKeyRecord, groupId: string): GroupKey {
  try {
    const key = groupKeyFromPem(record);
    if (key.groupId === groupId && key.certificate.thumbprint === record.thumbprint) return key;
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw damaged(record, { cause });
  }
  throw damaged(record);
}

/** Which package the record's key is sealed in. */
export function packageContext(record: SealedKeyRecord, groupId: string): PackageContext {
  const { version, thumbprint, packageDigest } = record;
  return { groupId, version, thumbprint, packageDigest };
}

export function packageSecret(record: SealedKeyRecord): Uint8Array {
  return Buffer.from(record.packageSecret, 'base64url');
}

/** @throws Failure `folder`. */
export function certificateOf(record: SealedKeyRecord): ReturnType<typeof parseCertificate> {
  try {
    return parseCertificate(record.certificate);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw damaged(record, { cause });
  }
}

function damaged({ version }: SealedKeyRecord, options?: ErrorOptions): Failure {
  return new Failure(
    'folder',
    `${heldKeyName(version)} does not hold a key of this group`,
    'Restore the file from a backup, or remove it and rejoin with the group password.',
    options,
  );
}
