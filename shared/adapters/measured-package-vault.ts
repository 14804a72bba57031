// A package vault whose calls are timed and counted by outcome. It keeps every promise of the vault beneath it.
import type { PackageVault } from '../ports/package-vault.ts';
import { recordVaultCall } from '../telemetry/measures.ts';

export function measuredPackageVault(vault: PackageVault): PackageVault {
  return {
    put: (name, pkcs12, dates) => measured('put', () => vault.put(name, pkcs12, dates)),
    get: (name) => measured('get', () => vault.get(name)),
    delete: (name) => measured('delete', () => vault.delete(name)),
    list: (groupId) => measured('list', () => vault.list(groupId)),
    probe: () => measured('probe', () => vault.probe()),
  };
}

async function measured<T>(operation: string, call: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  let outcome = 'ok';
  try {
    return await call();
  } catch (error) {
    outcome = error instanceof Error ? error.name : 'unknown';
    throw error;
  } finally {
    recordVaultCall(operation, outcome, performance.now() - startedAt);
  }
}
