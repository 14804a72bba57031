// Package names as vaults keep them: `<groupId>/<version>/<thumbprint>.pfx`. Names of another form are mistakes
// of the caller's and fail an assertion, so that nothing else ever becomes part of a path.
import assert from 'node:assert/strict';
import { PACKAGE_BYTES_MAX } from '../ports/package-vault.ts';
import type { PackageName } from '../ports/package-vault.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;
const PATH = /^(?<groupId>[^/]+)\/(?<version>[1-9]\d*)\/(?<thumbprint>[^/]+)\.pfx$/;

export function toPackagePath(name: PackageName): string {
  assert(Number.isSafeInteger(name.version) && name.version >= 1, `not a key version: ${name.version}`);
  assert(THUMBPRINT.test(name.thumbprint), `not a thumbprint: ${JSON.stringify(name.thumbprint)}`);
  return `${toGroupPath(name.groupId)}${name.version}/${name.thumbprint}.pfx`;
}

/** What the paths of a group's packages, and of no other's, begin with. */
export function toGroupPath(groupId: string): string {
  assert(UUID.test(groupId), `not a group id: ${JSON.stringify(groupId)}`);
  return `${groupId}/`;
}

/** Null for a path that no package has. */
export function parsePackagePath(path: string): PackageName | null {
  const parts = PATH.exec(path)?.groups;
  const { groupId = '', version = '', thumbprint = '' } = parts ?? {};
  if (!UUID.test(groupId) || !THUMBPRINT.test(thumbprint)) return null;
  return { groupId, version: Number(version), thumbprint };
}

export function assertPackageSize(pkcs12: Uint8Array): void {
  const size = pkcs12.byteLength;
  assert(
    size >= 1 && size <= PACKAGE_BYTES_MAX,
    `a package has 1 to ${PACKAGE_BYTES_MAX} bytes, not ${size}`,
  );
}
