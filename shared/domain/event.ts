// Events: what happened to a group or one of its machines, written in the same batch as the change itself. They are
// the audit trail and the source of notifications. An event's id is made of subject, renewal and what
// happened, so that writing it twice is a conflict and not a duplicate; ids of one subject sort as things happen.
import type { Instant } from './instant.ts';
import type { KeyDeliveryStatus } from './machine.ts';

export const EVENT_KINDS = [
  'GroupCreated',
  'GroupChanged',
  'GroupDeleted',
  'EnrollmentTokenCreated',
  'EnrollmentTokenRevoked',
  'WindowOpened',
  'KeyIssued',
  'WindowEnded',
  'GroupKeyExpired',
  'PasswordChanged',
  'MachineJoined',
  'MachineRemoved',
  'KeyDeliveryStatusChanged',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Who did it: a person (their sign-in name), a machine (its id), or the service itself, by time. */
export interface Actor {
  readonly kind: 'person' | 'machine' | 'service';
  readonly id: string;
}

export const SERVICE_ACTOR: Actor = { kind: 'service', id: 'keyturn' };

export interface FleetEvent {
  readonly type: 'event';
  readonly id: string;
  readonly groupId: string;
  readonly kind: EventKind;
  readonly occurredOn: Instant;
  readonly actor: Actor;
  /** The version of the key that it is about; null for what has to do with none. */
  readonly renewal: number | null;
  readonly machineId: string | null;
  readonly machineName: string | null;
  /** For people: why it happened. */
  readonly reason: string;
  /** For `KeyDeliveryStatusChanged`: `from` is null for a machine that has just joined. */
  readonly keyDeliveryStatus: {
    readonly from: KeyDeliveryStatus | null;
    readonly to: KeyDeliveryStatus;
  } | null;
  /** The call that it came of, as a W3C `traceparent`; absent where that was not recorded. */
  readonly traceParent?: string;
}

export interface EventFacts {
  readonly groupId: string;
  readonly occurredOn: Instant;
  readonly actor: Actor;
  readonly reason: string;
  readonly renewal?: number | null;
  readonly machine?: { readonly id: string; readonly name: string };
}

/** What can happen once a renewal, in the order in which it can happen. */
const ONCE_A_RENEWAL: readonly EventKind[] = ['WindowOpened', 'KeyIssued', 'WindowEnded', 'GroupKeyExpired'];

/** A machine passes through a renewal's statuses in this order and through none of them twice. */
const STATUS_ORDER: readonly KeyDeliveryStatus[] = ['PendingNewKey', 'KeyExpired', 'Default'];

/** Sorts before every machine's id: of one second, what befell the group comes before what that meant for its machines. */
const GROUP_SUBJECT = '-group';

/** Nothing befalls a subject before these. */
const FIRST_OF_ALL: ReadonlySet<EventKind> = new Set(['GroupCreated', 'MachineJoined']);

/** An event that happens at most once a renewal. */
export function renewalEvent(
  kind: 'WindowOpened' | 'KeyIssued' | 'WindowEnded' | 'GroupKeyExpired',
  facts: EventFacts & { renewal: number },
): FleetEvent {
  return event(
    `event:${GROUP_SUBJECT}:${padded(facts.renewal)}:${ONCE_A_RENEWAL.indexOf(kind)}-${kind}`,
    kind,
    facts,
  );
}

/** An event that `occurrence` makes unique for its subject: a revision, a token's id. */
export function singleEvent(kind: EventKind, occurrence: string | number, facts: EventFacts): FleetEvent {
  const place = FIRST_OF_ALL.has(kind) ? '0-' : '';
  return event(`event:${facts.machine?.id ?? GROUP_SUBJECT}:${place}${kind}:${occurrence}`, kind, facts);
}

/** A member's change of status. */
export function statusEvent(
  facts: EventFacts & { renewal: number; machine: { readonly id: string; readonly name: string } },
  from: KeyDeliveryStatus | null,
  to: KeyDeliveryStatus,
): FleetEvent {
  const id = `event:${facts.machine.id}:${padded(facts.renewal)}:${STATUS_ORDER.indexOf(to)}-${to}`;
  return { ...event(id, 'KeyDeliveryStatusChanged', facts), keyDeliveryStatus: { from, to } };
}

function event(id: string, kind: EventKind, facts: EventFacts): FleetEvent {
  return {
    type: 'event',
    id,
    groupId: facts.groupId,
    kind,
    occurredOn: facts.occurredOn,
    actor: facts.actor,
    renewal: facts.renewal ?? null,
    machineId: facts.machine?.id ?? null,
    machineName: facts.machine?.name ?? null,
    reason: facts.reason,
    keyDeliveryStatus: null,
  };
}

function padded(renewal: number): string {
  return String(renewal).padStart(4, '0');
}
