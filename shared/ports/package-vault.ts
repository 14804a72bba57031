// Where key packages live. The vault sees a package as opaque bytes: it holds no wrap, so whoever reads the vault
// alone opens nothing. Packages are never changed: a name is written once.

/** Names a package: one attempt at one version of one group's key. */
export interface PackageName {
  /** A UUID. */
  readonly groupId: string;
  /** From 1. */
  readonly version: number;
  /** base64url SHA-256 of the DER certificate (`x5t#S256`), 43 characters. */
  readonly thumbprint: string;
}

export interface PackageDates {
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Largest package in bytes: in base64 it must fit the 25 KB of a Key Vault secret. */
export const PACKAGE_BYTES_MAX = 18_000;

export interface PackageVault {
  /**
   * Stores a package durably before it resolves. Putting the same bytes under the same name again succeeds
   * and changes nothing; other bytes under that name are refused with PackageExists.
   * @throws VaultUnavailable: it may or may not have been stored; put it again.
   */
  put(name: PackageName, pkcs12: Uint8Array, dates: PackageDates): Promise<void>;

  /** The package, or null if there is none under that name (never put, or deleted). */
  get(name: PackageName): Promise<Uint8Array | null>;

  /** Deletes the package; succeeds when there is none. */
  delete(name: PackageName): Promise<void>;

  /** Names of the group's packages, in no order. */
  list(groupId: string): Promise<readonly PackageName[]>;

  /** Resolves when the vault can be reached and used; throws VaultUnavailable otherwise. */
  probe(): Promise<void>;
}

export class PackageExists extends Error {
  override readonly name = 'PackageExists';
}

/** The vault could not be reached, or refused for the moment. */
export class VaultUnavailable extends Error {
  override readonly name = 'VaultUnavailable';
  /** When the vault said so, how long to wait. */
  readonly afterSeconds: number | null;
  constructor(message: string, afterSeconds: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.afterSeconds = afterSeconds;
  }
}
