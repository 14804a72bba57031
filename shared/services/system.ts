// What every service is handed: the ports and settings of one running system.
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { PackageVault } from '../ports/package-vault.ts';
import type { PeopleAuthenticator } from '../ports/people-authenticator.ts';
import type { WorkQueue } from '../ports/work-queue.ts';

export interface Settings {
  /** Agents below it cannot renew. */
  readonly minimumAgentVersion: string;
  /** How often an up-to-date machine checks in, seconds. */
  readonly steadyCheckInSeconds: number;
  /** Functions on the change feed that are switched on: those whose progress is watched. */
  readonly feedConsumers: readonly string[];
  /** For how long one look at the service's health answers all who ask, seconds. */
  readonly healthSeconds: number;
  /** Keyturn's own version. */
  readonly version: string;
}

export interface System {
  readonly store: DocumentStore;
  readonly vault: PackageVault;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly people: PeopleAuthenticator;
  readonly settings: Settings;
}
