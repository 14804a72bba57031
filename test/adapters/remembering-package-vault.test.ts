import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryPackageVault } from '../../shared/adapters/memory-package-vault.ts';
import { rememberingPackageVault } from '../../shared/adapters/remembering-package-vault.ts';
import type { PackageName, PackageVault } from '../../shared/ports/package-vault.ts';
import { VaultUnavailable } from '../../shared/ports/package-vault.ts';
import { describePackageVault, newPackageName } from '../conformance/package-vault.ts';

const DATES = { notBefore: '2026-11-22T00:00:00Z', notAfter: '2031-11-22T00:00:00Z' };

describePackageVault('rememberingPackageVault', async () => rememberingPackageVault(memoryPackageVault()));

interface Counted {
  /** The vault that remembers. */
  readonly vault: PackageVault;
  /** The one behind it, as another instance uses it. */
  readonly behind: PackageVault;
  /** Names of packages fetched from behind, in order. */
  readonly fetches: PackageName[];
}

/** `slowed` may hold up or fail a call to the vault behind, after that has done it. */
function counted(packagesMax: number, slowed: (call: string) => Promise<void> = async () => {}): Counted {
  const behind = memoryPackageVault();
  const fetches: PackageName[] = [];
  const vault = rememberingPackageVault(
    {
      ...behind,
      async get(name) {
        fetches.push(name);
        const found = await behind.get(name);
        await slowed('get');
        return found;
      },
      async put(name, pkcs12, dates) {
        await behind.put(name, pkcs12, dates);
        await slowed('put');
      },
      async delete(name) {
        await behind.delete(name);
        await slowed('delete');
      },
    },
    packagesMax,
  );
  return { vault, behind, fetches };
}

async function newPackage({ behind }: Counted): Promise<PackageName> {
  const name = newPackageName();
  await behind.put(name, randomBytes(10), DATES);
  return name;
}

describe('what is remembered', () => {
  it('is a package, fetched once for all who ask, at once or later', async () => {
    const world = counted(10);
    const name = await newPackage(world);
    const together = await Promise.all(Array.from({ length: 50 }, () => world.vault.get({ ...name })));
    expect(new Set(together.map((found) => found?.length))).toEqual(new Set([10]));
    expect(await world.vault.get(name)).toEqual(together[0]);
    expect(world.fetches).toEqual([name]);
  });

  it('is nobody’s to change, even for those who shared a fetch', async () => {
    const world = counted(10);
    const name = await newPackage(world);
    const present = await world.behind.get(name);
    const [first, second] = await Promise.all([world.vault.get(name), world.vault.get(name)]);
    first?.fill(0);
    expect(second).toEqual(present);
    expect(await world.vault.get(name)).toEqual(present);
  });

  it('is not that there is no package', async () => {
    const world = counted(10);
    const name = newPackageName();
    expect(await Promise.all([world.vault.get(name), world.vault.get(name)])).toEqual([null, null]);
    await world.behind.put(name, Uint8Array.of(1), DATES);
    expect(await world.vault.get(name)).toEqual(Uint8Array.of(1));
  });

  it('is not a failure, which all who shared the fetch get', async () => {
    let failing = true;
    const world = counted(10, async () => {
      if (failing) throw new VaultUnavailable('by the test');
    });
    const name = await newPackage(world);
    const outcomes = await Promise.allSettled([world.vault.get(name), world.vault.get(name)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing = false;
    expect(await world.vault.get(name)).toHaveLength(10);
    expect(world.fetches).toHaveLength(2);
  });

  it('makes room for others, whatever was asked for longest ago first', async () => {
    const world = counted(2);
    const [one, two, three] = [await newPackage(world), await newPackage(world), await newPackage(world)];
    for (const name of [one, two, one, three, one, three]) await world.vault.get(name);
    expect(world.fetches).toEqual([one, two, three]);
    await world.vault.get(two);
    expect(world.fetches).toEqual([one, two, three, two]);
  });

  it('is never more than the bound, fetches under way included, and those still end well', async () => {
    const gate = Promise.withResolvers<void>();
    const world = counted(2, () => gate.promise);
    const names = await Promise.all(Array.from({ length: 5 }, () => newPackage(world)));
    const all = Promise.all(names.map((name) => world.vault.get(name)));
    gate.resolve();
    expect((await all).map((found) => found?.length)).toEqual([10, 10, 10, 10, 10]);
    for (const name of names.toReversed()) await world.vault.get(name);
    // The newest two are remembered; each of the others is fetched again.
    expect(world.fetches).toHaveLength(5 + 3);
  });
});

describe('a change', () => {
  it('by deletion is seen by the next who asks, though a fetch was under way meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    const world = counted(10, (call) => (call === 'get' ? gate.promise : Promise.resolve()));
    const name = await newPackage(world);
    const before = world.vault.get(name);
    await world.vault.delete(name);
    const after = world.vault.get(name);
    gate.resolve();
    expect(await before).toHaveLength(10);
    expect(await after).toBeNull();
    expect(await world.vault.get(name)).toBeNull();
  });

  it('by deletion counts for a fetch that began and ended in its midst', async () => {
    const gate = Promise.withResolvers<void>();
    const behind = memoryPackageVault();
    const vault = rememberingPackageVault({
      ...behind,
      async delete(name) {
        await gate.promise;
        await behind.delete(name);
      },
    });
    const name = newPackageName();
    await vault.put(name, Uint8Array.of(1), DATES);
    const deletion = vault.delete(name);
    expect(await vault.get(name)).toEqual(Uint8Array.of(1));
    gate.resolve();
    await deletion;
    expect(await vault.get(name)).toBeNull();
  });

  it('that failed after it was made is seen all the same', async () => {
    const world = counted(10, async (call) => {
      if (call === 'delete') throw new VaultUnavailable('by the test');
    });
    const name = await newPackage(world);
    await world.vault.get(name);
    await expect(world.vault.delete(name)).rejects.toBeInstanceOf(VaultUnavailable);
    expect(await world.vault.get(name)).toBeNull();
  });

  it('by putting is seen by the next who asks, though a fetch that found nothing was under way', async () => {
    const gate = Promise.withResolvers<void>();
    const world = counted(10, (call) => (call === 'get' ? gate.promise : Promise.resolve()));
    const name = newPackageName();
    const before = world.vault.get(name);
    await world.vault.put(name, Uint8Array.of(1), DATES);
    const after = world.vault.get(name);
    gate.resolve();
    expect(await before).toBeNull();
    expect(await after).toEqual(Uint8Array.of(1));
    expect(await world.vault.get(name)).toEqual(Uint8Array.of(1));
    expect(world.fetches).toHaveLength(2);
  });
});
