// Packages in this process's memory, for tests: the whole port but for durability. Bytes are copied in and out.
import { PackageExists } from '../ports/package-vault.ts';
import type { PackageName, PackageVault } from '../ports/package-vault.ts';
import { assertPackageSize, parsePackagePath, toGroupPath, toPackagePath } from './package-name.ts';

export function memoryPackageVault(): PackageVault {
  const packages = new Map<string, Uint8Array>();

  return {
    async put(name, pkcs12) {
      assertPackageSize(pkcs12);
      const path = toPackagePath(name);
      const present = packages.get(path);
      if (present === undefined) packages.set(path, Uint8Array.from(pkcs12));
      else if (Buffer.compare(present, pkcs12) !== 0) throw new PackageExists(`${path} has other content`);
    },

    async get(name) {
      const present = packages.get(toPackagePath(name));
      return present === undefined ? null : Uint8Array.from(present);
    },

    async delete(name) {
      packages.delete(toPackagePath(name));
    },

    async list(groupId) {
      const prefix = toGroupPath(groupId);
      const names: PackageName[] = [];
      for (const path of packages.keys()) {
        const name = path.startsWith(prefix) ? parsePackagePath(path) : null;
        if (name !== null) names.push(name);
      }
      return names;
    },

    async probe() {},
  };
}
