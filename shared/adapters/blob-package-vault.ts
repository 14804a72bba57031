// Packages as blobs, in Azure Storage or Azurite: one container, one blob a package, created and never written
// over. The container is made at the first probe, or when a package is first put.
import { ContainerClient, RestError } from '@azure/storage-blob';
import type { StoragePipelineOptions } from '@azure/storage-blob';
import { PackageExists, VaultUnavailable } from '../ports/package-vault.ts';
import type { PackageName, PackageVault } from '../ports/package-vault.ts';
import { assertPackageSize, parsePackagePath, toGroupPath, toPackagePath } from './package-name.ts';
import { remembered } from './remembered.ts';

export type BlobPackageVaultOptions = (
  | { readonly connectionString: string; readonly container?: string }
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
  const container = containerOf(options);
  const inTime = (): InTime => ({
    abortSignal: AbortSignal.timeout(options.callMillisecondsMax ?? CALL_MILLISECONDS_MAX),
  });

  async function upload(
    name: PackageName,
    pkcs12: Uint8Array,
    metadata: Record<string, string>,
  ): Promise<boolean> {
    try {
      const blob = container.getBlockBlobClient(toPackagePath(name));
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
      const blob = container.getBlockBlobClient(toPackagePath(name));
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
          await container.createIfNotExists(inTime());
          await put(name, pkcs12, metadata);
        }
      });
    },

    get: (name) => translated(() => download(name)),

    async delete(name) {
      await translated(async () => {
        try {
          await container.getBlockBlobClient(toPackagePath(name)).deleteIfExists(inTime());
        } catch (error) {
          if (!isRefusal(error, 'ContainerNotFound')) throw error;
        }
      });
    },

    list: (groupId) => translated(() => listNames(container, toGroupPath(groupId), inTime())),

    probe: remembered(probe, PROBE_MILLISECONDS),
  };
}

/** An option of every call of the storage client. */
interface InTime {
  readonly abortSignal: AbortSignal;
}

function containerOf(options: BlobPackageVaultOptions): ContainerClient {
  if ('containerClient' in options) return options.containerClient;
  return new ContainerClient(options.connectionString, options.container ?? 'packages', PIPELINE);
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

function isRefusal(error: unknown, code: string): boolean {
  return error instanceof RestError && error.code === code;
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
  if (!(error instanceof Error)) return null;
  const status = error instanceof RestError ? error.statusCode : undefined;
  const passing =
    status === undefined ? isLostConnection(error) : status === 408 || status === 429 || status >= 500;
  if (!passing && !isRefusal(error, 'ContainerBeingDeleted')) return null;

  const wait = error instanceof RestError ? error.response?.headers.get('retry-after') : undefined;
  const afterSeconds = wait !== undefined && /^\d+$/.test(wait) ? Number(wait) : null;
  return new VaultUnavailable(`the vault is not available: ${error.message}`, afterSeconds, { cause: error });
}

/** A RestError without a status never got an answer; a body may also break off half-way, or time out. */
function isLostConnection(error: Error): boolean {
  if (error instanceof RestError || error.name === 'AbortError') return true;
  return 'code' in error && typeof error.code === 'string' && /^(?:E[A-Z]+|UND_ERR_\w+)$/.test(error.code);
}
