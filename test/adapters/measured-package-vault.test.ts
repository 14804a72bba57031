import { expect, test } from 'vitest';
import { measuredPackageVault } from '../../shared/adapters/measured-package-vault.ts';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { VaultUnavailable } from '../../shared/ports/package-vault.ts';
import { describePackageVault } from '../conformance/package-vault.ts';
import { startRecording } from '../telemetry/recording.ts';

describePackageVault('measuredPackageVault', async () => measuredPackageVault(memoryPackageVault()));

test('each call is counted by what came of it', async () => {
  const recording = startRecording();
  const vault = memoryPackageVault();
  const failing = {
    ...vault,
    probe: () => Promise.reject(new VaultUnavailable('by the test')),
  };
  await measuredPackageVault(vault).probe();
  await expect(measuredPackageVault(failing).probe()).rejects.toThrow(VaultUnavailable);
  expect(await recording.points('keyturn.vault.duration')).toEqual([
    { attributes: { operation: 'probe', outcome: 'ok' }, value: 1 },
    { attributes: { operation: 'probe', outcome: 'VaultUnavailable' }, value: 1 },
  ]);
  await recording.stop();
});
