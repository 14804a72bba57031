// What the agent keeps in its folder, typed. A text that is not what it should be is reported with its file's name, and
// never overwritten or guessed at: it may hold the only copy of a key.
import { z } from 'zod';
import {
  challengeSchema,
  idSchema,
  instantSchema,
  nameSchema,
  thumbprintSchema,
  versionSchema,
} from '../../shared/api/fields.ts';
import { checkInAnswerSchema, issueKeyBody } from '../../shared/api/check-in.ts';
import { CryptoError } from '../../shared/crypto/errors.ts';
import { machineIdentityFromPem, machineIdentityToPem } from '../../shared/crypto/machine-identity.ts';
import type { MachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { Failure } from '../failure.ts';
import type { AgentFolder } from './agent-folder.ts';

const FORMAT = z.literal(1);

const machineRecord = z.strictObject({
  format: FORMAT,
  server: z.url(),
  groupId: idSchema,
  machineId: idSchema,
  name: nameSchema,
});
/** Which machine this is. */
export type MachineRecord = Omit<z.output<typeof machineRecord>, 'format'>;

const sealedKeyFields = {
  version: versionSchema,
  thumbprint: thumbprintSchema,
  /** base64 of the DER. */
  certificate: z.base64(),
  /** PKCS#8, not encrypted. */
  privateKeyPem: z.string(),
  /** base64url of the 32 bytes that the package is sealed under: what a new password will wrap. */
  packageSecret: z.string(),
  packageDigest: z.string(),
};

const heldKeyRecord = z.strictObject({
  format: FORMAT,
  ...sealedKeyFields,
  /** When the service took this machine's proof of the key; null until then. */
  provedOn: instantSchema.nullable(),
});
/** A group key that this machine holds. */
export type HeldKeyRecord = Omit<z.output<typeof heldKeyRecord>, 'format'>;

const stagedKeyRecord = z.strictObject({
  format: FORMAT,
  ...sealedKeyFields,
  /** Of the lease that it was made for. */
  challenge: challengeSchema,
  /** What is sent to the service, as often as it takes. */
  request: issueKeyBody,
});
/** A group key that this machine made and that the service has not confirmed. */
export type StagedKeyRecord = Omit<z.output<typeof stagedKeyRecord>, 'format'>;

const lastCheckInRecord = z.strictObject({
  format: FORMAT,
  attemptedOn: instantSchema,
  /** Why the last attempt failed; null when it did not. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  answer: checkInAnswerSchema.nullable(),
  answeredOn: instantSchema.nullable(),
  nextOn: instantSchema.nullable(),
});
/** How the last check-in went. */
export type LastCheckInRecord = Omit<z.output<typeof lastCheckInRecord>, 'format'>;

const RECORD_NAMES = {
  machine: 'agent.json',
  identity: 'identity.pem',
  stagedKey: 'staged-key.json',
  lastCheckIn: 'last-check-in.json',
} as const;

const HELD_KEY_NAME = /^key-(\d{1,4})\.json$/;

export function heldKeyName(version: number): string {
  return `key-${version}.json`;
}

/** Typed access to a folder's texts. */
export class AgentRecords {
  readonly #folder: AgentFolder;
  constructor(folder: AgentFolder) {
    this.#folder = folder;
  }

  /** Null when no machine was ever made here. */
  async machine(): Promise<MachineRecord | null> {
    return this.#read(RECORD_NAMES.machine, machineRecord);
  }

  /** The identity is written first: where there is a machine, there is its identity. */
  async writeMachine(machine: MachineRecord, identity: MachineIdentity): Promise<void> {
    await this.#folder.write(RECORD_NAMES.identity, machineIdentityToPem(identity));
    await this.#write(RECORD_NAMES.machine, machine);
  }

  async identity(): Promise<MachineIdentity> {
    const pem = await this.#folder.read(RECORD_NAMES.identity);
    if (pem === null) throw this.#unreadable(RECORD_NAMES.identity, 'is missing');
    try {
      return machineIdentityFromPem(pem);
    } catch (cause) {
      if (!(cause instanceof CryptoError)) throw cause;
      throw this.#unreadable(RECORD_NAMES.identity, 'is not a P-256 private key', { cause });
    }
  }

  /** The newest first. */
  async heldKeys(): Promise<HeldKeyRecord[]> {
    const names = (await this.#folder.list()).filter((name) => HELD_KEY_NAME.test(name));
    const keys = await Promise.all(names.map((name) => this.#read(name, heldKeyRecord)));
    return keys.filter((key) => key !== null).toSorted((one, other) => other.version - one.version);
  }

  async writeHeldKey(key: HeldKeyRecord): Promise<void> {
    await this.#write(heldKeyName(key.version), key);
  }

  async removeHeldKey(version: number): Promise<void> {
    await this.#folder.remove(heldKeyName(version));
  }

  async stagedKey(): Promise<StagedKeyRecord | null> {
    return this.#read(RECORD_NAMES.stagedKey, stagedKeyRecord);
  }

  async writeStagedKey(key: StagedKeyRecord): Promise<void> {
    await this.#write(RECORD_NAMES.stagedKey, key);
  }

  async removeStagedKey(): Promise<void> {
    await this.#folder.remove(RECORD_NAMES.stagedKey);
  }

  /** Null when it is damaged, too: it only tells of what was, and the next check-in writes it anew. */
  async lastCheckIn(): Promise<LastCheckInRecord | null> {
    try {
      return await this.#read(RECORD_NAMES.lastCheckIn, lastCheckInRecord);
    } catch (error) {
      if (error instanceof Failure) return null;
      throw error;
    }
  }

  async writeLastCheckIn(record: LastCheckInRecord): Promise<void> {
    await this.#write(RECORD_NAMES.lastCheckIn, record);
  }

  /** Removes everything, the machine itself last: a leaving that was cut off can be repeated. */
  async clear(): Promise<void> {
    const names = (await this.#folder.list()).filter((name) => HELD_KEY_NAME.test(name));
    const { machine, identity, stagedKey, lastCheckIn } = RECORD_NAMES;
    for (const name of [...names, stagedKey, lastCheckIn, machine, identity]) await this.#folder.remove(name);
  }

  async #read<T extends object>(
    name: string,
    schema: z.ZodType<T & { format: 1 }>,
  ): Promise<Omit<T, 'format'> | null> {
    const text = await this.#folder.read(name);
    if (text === null) return null;
    const record = schema.safeParse(decodeJson(text));
    if (!record.success) throw this.#unreadable(name, `is damaged:\n${z.prettifyError(record.error)}`);
    const { format: _, ...rest } = record.data;
    return rest;
  }

  async #write(name: string, record: object): Promise<void> {
    await this.#folder.write(name, `${JSON.stringify({ format: 1, ...record }, null, 2)}\n`);
  }

  #unreadable(name: string, what: string, options?: ErrorOptions): Failure {
    return new Failure(
      'folder',
      `${this.#folder.path}/${name} ${what}`,
      'Restore the file from a backup, or use another folder and join anew.',
      options,
    );
  }
}

function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses it, and says so.
    return undefined;
  }
}
