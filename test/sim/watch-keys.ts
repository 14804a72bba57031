// Watches keys: which are accepted, how long windows last, which groups are lost, and which packages are deleted.
import type { Group, GroupKeyDocument } from '../../shared/domain/group.ts';
import { addMinutes, fromInstant, secondsBetween } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { PackageName, PackageVault } from '../../shared/ports/package-vault.ts';
import type { CommitListener, DocumentChange, SessionStore } from './session-store.ts';
import type { Violate } from './violations.ts';

/** How far the clocks of instances may be from true time, seconds. */
export const SKEW_SECONDS_MAX = 120;

export interface KeyWatch {
  readonly onCommit: CommitListener;
  /** The vault, with every deletion looked at. */
  readonly vault: PackageVault;
  readonly counts: { issued: number; opened: number; ended: number; expired: number };
}

export function watchKeys(
  store: () => SessionStore,
  vault: PackageVault,
  now: () => Instant,
  violate: Violate,
): KeyWatch {
  const accepted = new Map<string, string>();
  const packages = new Set<string>();
  const counts = { issued: 0, opened: 0, ended: 0, expired: 0 };

  function onCommit(groupId: string, changes: readonly DocumentChange[]): void {
    const group = changes.find(({ id }) => id === 'group');
    const [before, after] = [group?.before as Group | null, group?.after as Group | null];
    for (const { before: old, after: key } of changes) {
      if (key?.type === 'key' && old === null) onKey(key as GroupKeyDocument, before, after);
    }
    if (before && after && before.primaryKey?.thumbprint !== after.primaryKey?.thumbprint) {
      const isAccepted = accepted.get(`${groupId}/${after.primaryKey?.version}`);
      if (isAccepted !== after.primaryKey?.thumbprint) {
        violate('one-key-per-window', `${groupId} has a primary key that was never accepted`);
      }
    }
    if (before && after && before.status !== after.status) onStatus(before, after);
  }

  function onKey(key: GroupKeyDocument, before: Group | null, after: Group | null): void {
    const name = `${key.groupId}/${key.version}`;
    counts.issued += 1;
    if (accepted.has(name)) violate('one-key-per-window', `${name} was accepted twice`);
    accepted.set(name, key.thumbprint);
    const isDue = before?.status === 'NoKey' ? key.version === 1 : before?.renewal?.version === key.version;
    if (!isDue || before?.renewal?.keyIssuedOn)
      violate('one-key-per-window', `${name} came without a window`);
    if (after?.primaryKey?.thumbprint !== key.thumbprint) {
      violate('one-key-per-window', `${name} was accepted and is not primary`);
    }
    if (!packages.has(pathOf(key)))
      violate('package-missing', `${name} was accepted before its package was kept`);
  }

  function onStatus(before: Group, after: Group): void {
    if (after.status === 'Renewing') counts.opened += 1;
    if (before.status === 'Renewing' && after.status === 'Active') onWindowEnd(before);
    if (after.status === 'KeyExpired') onExpired(before);
  }

  function onWindowEnd({ groupId, renewal, primaryKey, secondaryKey }: Group): void {
    counts.ended += 1;
    if (!renewal?.keyIssuedOn || primaryKey === null || secondaryKey === null) {
      violate('window-too-short', `${groupId} ended a window without its key`);
      return;
    }
    const { keyIssuedOn, gracePeriod } = renewal;
    const life = secondsBetween(primaryKey.notBefore, primaryKey.notAfter) - 300;
    const least = Math.min(
      fromInstant(addMinutes(keyIssuedOn, gracePeriod)),
      fromInstant(secondaryKey.notAfter),
      fromInstant(keyIssuedOn) + (life * 1000) / 2,
    );
    if (fromInstant(now()) < least - SKEW_SECONDS_MAX * 1000 - 900_000) {
      violate('window-too-short', `${groupId} ended the window of ${primaryKey.version} on ${now()}`);
    }
  }

  function onExpired({ groupId, status, renewal, primaryKey }: Group): void {
    counts.expired += 1;
    const isOver = primaryKey !== null && secondsBetween(primaryKey.notAfter, now()) > -SKEW_SECONDS_MAX;
    if (status !== 'Renewing' || renewal?.keyIssuedOn !== null || !isOver) {
      violate(
        'group-lost',
        `${groupId} expired with key ${primaryKey?.version}, valid until ${primaryKey?.notAfter}`,
      );
    }
  }

  function onDelete(name: PackageName): void {
    packages.delete(pathOf(name));
    const group = store().read<Group>(name.groupId, 'group')?.document;
    const isHonoured = [group?.primaryKey, group?.secondaryKey].some(
      (key) => key?.thumbprint === name.thumbprint,
    );
    if (isHonoured && group?.status !== 'Deleted') {
      violate('key-retired-early', `the package of version ${name.version} was deleted while it is honoured`);
    }
  }

  return {
    onCommit,
    counts,
    vault: {
      ...vault,
      put: async (name, pkcs12, dates) => {
        await vault.put(name, pkcs12, dates);
        packages.add(pathOf(name));
      },
      delete: async (name) => {
        onDelete(name);
        await vault.delete(name);
      },
    },
  };
}

function pathOf({ groupId, version, thumbprint }: PackageName): string {
  return `${groupId}/${version}/${thumbprint}`;
}
