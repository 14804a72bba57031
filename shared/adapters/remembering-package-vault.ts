// Remembers packages of another vault in memory: when a window opens, thousands of machines ask for the same one, and Key Vault
// gives out only so many secrets a second. Sound because a name's package never changes, as the port says. What another
// instance deleted may still be given from here until it is pushed out: that gives nothing away, because documents decide who
// is given a package, and they are read at every call before it is looked for.
import type { PackageVault } from '../ports/package-vault.ts';
import { toPackagePath } from './package-name.ts';

/** Some 36 MB as agents make them; by the port's bound on each, 180 MB at most. */
const PACKAGES_MAX = 10_000;

/**
 * Those who ask for a package while it is fetched share the fetch. Neither absence nor a failure is remembered. The package
 * that was asked for longest ago makes room.
 */
export function rememberingPackageVault(vault: PackageVault, packagesMax = PACKAGES_MAX): PackageVault {
  /** Fetches under way and done, by path, the one that was asked for longest ago first. */
  const fetches = new Map<string, Promise<Uint8Array | null>>();

  function forget(path: string, fetch: Promise<Uint8Array | null>): void {
    if (fetches.get(path) === fetch) fetches.delete(path);
  }

  function keep(path: string, fetch: Promise<Uint8Array | null>): void {
    fetches.delete(path);
    fetches.set(path, fetch);
    const [oldest = path] = fetches.keys();
    if (fetches.size > packagesMax) fetches.delete(oldest);
  }

  async function fetched(path: string, fetch: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    try {
      const found = await fetch;
      if (found === null) forget(path, fetch);
      return found;
    } catch (error) {
      forget(path, fetch);
      throw error;
    }
  }

  /** Only once it is over is it certain that a later fetch sees it; one that began before must not be shared from then on. */
  async function changing(path: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } finally {
      fetches.delete(path);
    }
  }

  return {
    async put(name, pkcs12, dates) {
      await changing(toPackagePath(name), () => vault.put(name, pkcs12, dates));
    },

    async get(name) {
      const path = toPackagePath(name);
      const fetch = fetches.get(path) ?? vault.get(name);
      keep(path, fetch);
      const found = await fetched(path, fetch);
      return found === null ? null : Uint8Array.from(found);
    },

    async delete(name) {
      await changing(toPackagePath(name), () => vault.delete(name));
    },

    list: (groupId) => vault.list(groupId),
    probe: () => vault.probe(),
  };
}
