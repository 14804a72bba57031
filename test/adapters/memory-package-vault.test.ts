import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { describePackageVault } from '../conformance/package-vault.ts';

describePackageVault('memoryPackageVault', async () => memoryPackageVault());
