// Packages as blobs, in Azure Storage or Azurite: one container, one blob a package, created and never written
// over. The container is made at the first probe, or when a package is first put.
import type { ContainerClient, StoragePipelineOptions } from '@azure/storage-blob';
import { PackageExists, VaultUnavailable } from '../ports/package-vault.ts';
import type { PackageName, PackageVault } from '../ports/package-vault.ts';
import type { AzureConnection } from './azure-connection.ts';
import { assertPackageSize, parsePackagePath, toGroupPath, toPackagePath } from './package-name.ts';
import { remembered } from './remembered.ts';
import { isPassing, isRefusal, retryAfterSeconds } from './storage-errors.ts';

export type BlobPackageVaultOptions = (
  | { readonly connection: AzureConnection; readonly container?: string }
  | { readonly containerClient: ContainerClient }
) & {
  /** The longest that a call may take; one that stalled would keep all who share it waiting. */
  readonly callMillisecondsMax?: number;
};

const CALL_MILLISECONDS_MAX = 20_000;

/** Whoever waits is a machine that asks again on its own: a failure is better told soon than tried for long. */
const PIPELINE: StoragePipelineOptions = {
  retryOptions: { maxTries: 2, tryTimeoutInMs: 5000, retryDelayInMs: 200, maxRetryDelayInMs: 1000 },
};

/** Whoever asks for the health of the service causes a probe: many of them cause one. */
const PROBE_MILLISECONDS = 5000;

const PKCS12_TYPE = 'application/x-pkcs12';

/** Probes answer for the five seconds before them. */
export function blobPackageVault(options: BlobPackageVaultOptions): PackageVault {
  let opened: Promise<ContainerClient> | null = null;
  const opening = (): Promise<ContainerClient> => (opened ??= openContainer(options));
  const inTime = (): InTime => ({
    abortSignal: AbortSignal.timeout(options.callMillisecondsMax ?? CALL_MILLISECONDS_MAX),
  });

  async function upload(
    name: PackageName,
    pkcs12: Uint8Array,
    metadata: Record<string, string>,
  ): Promise<boolean> {
    try {
      const blob = (await opening()).getBlockBlobClient(toPackagePath(name));
      await blob.upload(pkcs12, pkcs12.byteLength, {
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: PKCS12_TYPE },
        metadata,
        ...inTime(),
      });
      return true;
    } catch (error) {
      if (isRefusal(error, 'BlobAlreadyExists') || isRefusal(error, 'ConditionNotMet')) return false;
      throw error;
    }
  }

  async function download(name: PackageName): Promise<Uint8Array | null> {
    try {
      const blob = (await opening()).getBlockBlobClient(toPackagePath(name));
      const { readableStreamBody } = await blob.download(undefined, undefined, inTime());
      const chunks: Buffer[] = [];
      for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
      return Uint8Array.from(Buffer.concat(chunks));
    } catch (error) {
      if (isRefusal(error, 'BlobNotFound') || isRefusal(error, 'ContainerNotFound')) return null;
      throw error;
    }
  }

  async function put(name: PackageName, pkcs12: Uint8Array, metadata: Record<string, string>): Promise<void> {
    if (await upload(name, pkcs12, metadata)) return;
    const present = await download(name);
    if (present === null)
      throw new VaultUnavailable('the package was deleted while it was put; put it again');
    if (Buffer.compare(present, pkcs12) !== 0)
      throw new PackageExists(`${toPackagePath(name)} has other content`);
  }

  let isMade = false;
  async function probe(): Promise<void> {
    try {
      const container = await opening();
      if (isMade && (await container.exists(inTime()))) return;
      await container.createIfNotExists(inTime());
      isMade = true;
    } catch (error) {
      throw toUnavailable(error) ?? new VaultUnavailable('the vault refuses', null, { cause: error });
    }
  }

  return {
    async put(name, pkcs12, { notBefore, notAfter }) {
      assertPackageSize(pkcs12);
      const metadata = { version: String(name.version), notBefore, notAfter };
      await translated(async () => {
        try {
          await put(name, pkcs12, metadata);
        } catch (error) {
          if (!isRefusal(error, 'ContainerNotFound')) throw error;
          await (await opening()).createIfNotExists(inTime());
          await put(name, pkcs12, metadata);
        }
      });
    },

    get: (name) => translated(() => download(name)),

    async delete(name) {
      await translated(async () => {
        try {
          await (await opening()).getBlockBlobClient(toPackagePath(name)).deleteIfExists(inTime());
        } catch (error) {
          if (!isRefusal(error, 'ContainerNotFound')) throw error;
        }
      });
    },

    list: (groupId) => translated(async () => listNames(await opening(), toGroupPath(groupId), inTime())),

    probe: remembered(probe, PROBE_MILLISECONDS),
  };
}

/** An option of every call of the storage client. */
interface InTime {
  readonly abortSignal: AbortSignal;
}

/** The library is loaded when the vault is first used: most check-ins never do. */
async function openContainer(options: BlobPackageVaultOptions): Promise<ContainerClient> {
  if ('containerClient' in options) return options.containerClient;
  const { connection, container = 'packages' } = options;
  const { ContainerClient } = await import('@azure/storage-blob');
  return connection.kind === 'connectionString'
    ? new ContainerClient(connection.connectionString, container, PIPELINE)
    : new ContainerClient(new URL(container, connection.endpoint).href, connection.credential, PIPELINE);
}

async function listNames(container: ContainerClient, prefix: string, inTime: InTime): Promise<PackageName[]> {
  const names: PackageName[] = [];
  try {
    for await (const { name } of container.listBlobsFlat({ prefix, ...inTime })) {
      const parsed = parsePackagePath(name);
      // Whatever else someone laid there is no package.
      if (parsed !== null) names.push(parsed);
    }
  } catch (error) {
    if (!isRefusal(error, 'ContainerNotFound')) throw error;
  }
  return names;
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toUnavailable(error) ?? error;
  }
}

/** Null for what waiting does not mend, such as a missing permission. */
function toUnavailable(error: unknown): VaultUnavailable | null {
  if (error instanceof VaultUnavailable) return error;
  if (!isPassing(error)) return null;
  const message = `the vault is not available: ${error.message}`;
  return new VaultUnavailable(message, retryAfterSeconds(error), { cause: error });
}
