// What the killed writer writes. A group's documents are a function of its turn alone, so that whoever finds a group can
// tell to the letter whether a batch was applied whole: each brings the group from one turn to the next, and creates,
// replaces with versions and deletes.
import { isDeepStrictEqual } from 'node:util';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { KEY_DELIVERY_STATUSES } from '../../shared/domain/machine.ts';
import type {
  DocumentType,
  FleetDocument,
  Stored,
  WriteOperation,
} from '../../shared/ports/document-store.ts';
import { newDocument } from '../conformance/documents.ts';
import type { TestDocument } from '../conformance/documents.ts';

export interface LoadGroup {
  readonly groupId: string;
  readonly machines: number;
}

/** Some small, some with batches of half a hundred operations, as a fan-out writes them. */
export const LOAD_GROUPS: readonly LoadGroup[] = [1, 2, 4, 8, 16, 44].map((machines) => ({
  groupId: `group-of-${machines}`,
  machines,
}));

export const LOAD_TYPES: readonly DocumentType[] = ['group', 'machine', 'event', 'job'];

/** The document that tells the group's turn; written last in each batch. */
export const LEDGER_ID = 'group';
export type Ledger = FleetDocument & { readonly turn: number };

const EVENTS_KEPT = 5;
const START = '2026-01-01T00:00:00Z' as Instant;
/** Documents of a size as the service writes them. */
const TEXT = 'x'.repeat(600);

/** All documents of the group once it has had that many turns. */
export function documentsAt({ groupId, machines }: LoadGroup, turn: number): TestDocument[] {
  if (turn === 0) return [];
  const now = addSeconds(START, turn);
  return [
    ...latest(turn, machines).map((number) =>
      newDocument(groupId, `m${number}`, {
        turn,
        membership: 'member',
        keyDeliveryStatus: KEY_DELIVERY_STATUSES[(number + turn) % 3],
        agentVersion: `3.${number % 4}`,
        lastHeartbeatDate: now,
        text: TEXT,
      }),
    ),
    ...latest(turn, EVENTS_KEPT).map((number) => {
      const fields = { occurredOn: addSeconds(START, number), machineId: `m${number % 10}` };
      return newDocument(groupId, `event:${number}`, fields, 'event');
    }),
    ...(turn % 2 === 0 ? [newDocument(groupId, `job:${turn}`, { nextActionOn: now }, 'job')] : []),
    newDocument(
      groupId,
      LEDGER_ID,
      {
        turn,
        status: turn % 3 === 0 ? 'Renewing' : 'Active',
        nextActionOn: turn % 5 === 0 ? null : addSeconds(now, 60),
      },
      'group',
    ),
  ];
}

/** The last numbers up to `turn`, `count` of them at most. */
function latest(turn: number, count: number): number[] {
  const first = Math.max(1, turn - count + 1);
  return Array.from({ length: turn - first + 1 }, (_, index) => first + index);
}

/** The batch that brings the group from where it is to its next turn; the ledger comes last. */
export function nextBatch(
  group: LoadGroup,
  turn: number,
  present: ReadonlyMap<string, Stored>,
): WriteOperation[] {
  const next = documentsAt(group, turn);
  const kept = new Set(next.map(({ id }) => id));
  const gone = [...present.values()].filter(({ document }) => !kept.has(document.id));
  return [
    ...gone.map(({ document: { id }, version }): WriteOperation => ({ kind: 'delete', id, version })),
    ...next.flatMap((document): WriteOperation[] => {
      const before = present.get(document.id);
      if (before === undefined) return [{ kind: 'create', document }];
      if (isDeepStrictEqual(before.document, document)) return [];
      return [{ kind: 'replace', document, version: before.version }];
    }),
  ];
}
