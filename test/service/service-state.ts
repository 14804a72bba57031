// Everything a service keeps, to tell whether something was written; and refusals that must write nothing and tell nothing.
import { expect } from 'vitest';
import type { ProblemDocument } from '../../shared/api/problem.ts';
import { PROBLEMS, problemSchema } from '../../shared/api/problem.ts';
import { SERVICE_PARTITION } from '../../shared/domain/fleet-metrics.ts';
import type { DocumentType, FleetDocument, Stored } from '../../shared/ports/document-store.ts';
import type { System } from '../../shared/services/system.ts';
import { refuseSecrets } from './running-service.ts';
import type { Answer, RunningService } from './running-service.ts';

export interface ServiceState {
  /** With their versions: writing the same again shows too. */
  readonly documents: readonly (Stored | null)[];
  /** `group/version/thumbprint`. */
  readonly packages: readonly string[];
}

/** The state once the feeds have come to rest, but for what the service notes about itself: that is a timer's, whose time may come. */
export async function stateOf({ host, system }: RunningService): Promise<ServiceState> {
  await host.drainFeeds();
  const changes = await system.feed.changes(null, Number.MAX_SAFE_INTEGER);
  const ofGroups = changes.documents.filter(({ groupId }) => groupId !== SERVICE_PARTITION);
  const documents = await Promise.all(ofGroups.map(({ groupId, id }) => system.store.read(groupId, id)));
  const groups = new Set(ofGroups.map(({ groupId }) => groupId));
  const packages = await Promise.all([...groups].map((groupId) => packagesOf(system, groupId)));
  return { documents, packages: packages.flat().toSorted() };
}

export async function packagesOf({ vault }: Pick<System, 'vault'>, groupId: string): Promise<string[]> {
  const names = await vault.list(groupId);
  return names.map(({ version, thumbprint }) => `${groupId}/${version}/${thumbprint}`);
}

/** All documents of a type in a group. */
export async function documentsOf<D extends FleetDocument>(
  { system }: Pick<RunningService, 'system'>,
  groupId: string,
  type: DocumentType,
): Promise<D[]> {
  const { documents } = await system.feed.changes(null, Number.MAX_SAFE_INTEGER);
  return documents
    .map((document) => document as D)
    .filter((document) => document.groupId === groupId && document.type === type);
}

/** The problem that a call is refused with, which must have written nothing and tell nothing that is secret. */
export async function refusal(
  service: RunningService,
  call: () => Promise<Answer>,
): Promise<ProblemDocument> {
  const before = await stateOf(service);
  const answer = await call();
  expect(answer.status, 'it was not refused').toBeGreaterThanOrEqual(400);
  const problem = problemSchema.parse(answer.body);
  expect(answer.body).toEqual(problem);
  expect(answer.status).toBe(PROBLEMS[problem.code][0]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  refuseSecrets(JSON.stringify(answer.body), service.secrets);
  expect(await stateOf(service)).toEqual(before);
  return problem;
}
