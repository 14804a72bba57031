// The package vault's contract, for every adapter.
import { AssertionError } from 'node:assert';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PACKAGE_BYTES_MAX, PackageExists } from '../../shared/ports/package-vault.ts';
import type { PackageName, PackageVault } from '../../shared/ports/package-vault.ts';

const DATES = { notBefore: '2026-11-22T00:00:00Z', notAfter: '2031-11-22T00:00:00Z' };

export function newPackageName(groupId: string = randomUUID(), version = 1): PackageName {
  return { groupId, version, thumbprint: createHash('sha256').update(randomBytes(32)).digest('base64url') };
}

/** `open` may give the same vault each time: the suite uses fresh groups. */
export function describePackageVault(name: string, open: () => Promise<PackageVault>): void {
  describe(`${name} as a package vault`, () => {
    it('gives null for what was never put, in a group that is not there either', async () => {
      const vault = await open();
      const present = newPackageName();
      await vault.put(present, randomBytes(10), DATES);
      expect(await vault.get(newPackageName())).toBeNull();
      expect(await vault.get({ ...present, version: 2 })).toBeNull();
      expect(await vault.get(newPackageName(present.groupId))).toBeNull();
      expect(await vault.list(randomUUID())).toEqual([]);
    });

    it.each([
      ['every byte there is', Uint8Array.from({ length: 256 }, (_, index) => index)],
      ['line breaks and nulls', Buffer.from('\r\n\0\n\u001a\ufeff')],
      ['one byte', Uint8Array.of(0)],
      ['as many bytes as are allowed', randomBytes(PACKAGE_BYTES_MAX)],
    ])('gives back %s as put', async (_, pkcs12) => {
      const vault = await open();
      const packageName = newPackageName();
      await vault.put(packageName, pkcs12, DATES);
      const found = await vault.get(packageName);
      expect(found).toBeInstanceOf(Uint8Array);
      expect(Buffer.compare(found ?? new Uint8Array(), pkcs12)).toBe(0);
    });

    it('shares no bytes with its callers', async () => {
      const vault = await open();
      const packageName = newPackageName();
      const pkcs12 = Uint8Array.of(1, 2, 3);
      await vault.put(packageName, pkcs12, DATES);
      pkcs12.fill(0);
      (await vault.get(packageName))?.fill(9);
      expect([...((await vault.get(packageName)) ?? [])]).toEqual([1, 2, 3]);
    });

    it('takes the same bytes under a name again, and refuses others', async () => {
      const vault = await open();
      const packageName = newPackageName();
      await vault.put(packageName, Uint8Array.of(1, 2, 3), DATES);
      await vault.put(packageName, Uint8Array.of(1, 2, 3), DATES);
      for (const other of [Uint8Array.of(1, 2), Uint8Array.of(1, 2, 4), Uint8Array.of(1, 2, 3, 0)]) {
        await expect(vault.put(packageName, other, DATES)).rejects.toBeInstanceOf(PackageExists);
      }
      expect([...((await vault.get(packageName)) ?? [])]).toEqual([1, 2, 3]);
    });

    it('lets one of many that put different bytes at once win', async () => {
      const vault = await open();
      const packageName = newPackageName();
      const packages = Array.from({ length: 8 }, () => randomBytes(100));
      const outcomes = await Promise.allSettled(packages.map((each) => vault.put(packageName, each, DATES)));
      const winner = packages[outcomes.findIndex(({ status }) => status === 'fulfilled')];
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(
        outcomes.filter((each) => each.status === 'rejected' && each.reason instanceof PackageExists),
      ).toHaveLength(7);
      expect(Buffer.from((await vault.get(packageName)) ?? [])).toEqual(winner);
    });

    it('lists the packages of one group alone', async () => {
      const vault = await open();
      const groupId = randomUUID();
      const names = [newPackageName(groupId, 1), newPackageName(groupId, 1), newPackageName(groupId, 12)];
      for (const each of [...names, newPackageName()]) await vault.put(each, randomBytes(10), DATES);
      const listed = await vault.list(groupId);
      expect(listed).toHaveLength(3);
      expect(listed).toEqual(expect.arrayContaining(names));
    });

    it('deletes a package, once or twice, and no other', async () => {
      const vault = await open();
      const kept = newPackageName();
      const gone = newPackageName(kept.groupId, 2);
      for (const each of [kept, gone]) await vault.put(each, randomBytes(10), DATES);
      await vault.delete(gone);
      await vault.delete(gone);
      await vault.delete(newPackageName());
      expect(await vault.get(gone)).toBeNull();
      expect(await vault.list(kept.groupId)).toEqual([kept]);
    });

    it('takes other bytes under a name whose package was deleted', async () => {
      const vault = await open();
      const packageName = newPackageName();
      await vault.put(packageName, Uint8Array.of(1), DATES);
      await vault.delete(packageName);
      await vault.put(packageName, Uint8Array.of(2), DATES);
      expect([...((await vault.get(packageName)) ?? [])]).toEqual([2]);
    });

    it('says that it can be used', async () => {
      const vault = await open();
      await expect(vault.probe()).resolves.toBeUndefined();
    });

    it.each<[string, Partial<PackageName>, number]>([
      ['a group id that is no UUID', { groupId: '../packages' }, 10],
      ['version 0', { version: 0 }, 10],
      ['half a version', { version: 1.5 }, 10],
      ['a thumbprint of other characters', { thumbprint: '/'.repeat(43) }, 10],
      ['a short thumbprint', { thumbprint: 'a'.repeat(42) }, 10],
      ['an empty package', {}, 0],
      ['a byte too many', {}, PACKAGE_BYTES_MAX + 1],
    ])('refuses %s as a mistake', async (_, part, size) => {
      const vault = await open();
      const packageName = { ...newPackageName(), ...part };
      await expect(vault.put(packageName, randomBytes(size), DATES)).rejects.toBeInstanceOf(AssertionError);
    });
  });
}
