import { describe, expect, it } from 'vitest';
import {
  EVENT_KINDS,
  renewalEvent,
  SERVICE_ACTOR,
  singleEvent,
  statusEvent,
} from '../../shared/domain/event.ts';
import type { EventFacts, FleetEvent } from '../../shared/domain/event.ts';
import { KEY_DELIVERY_STATUSES } from '../../shared/domain/machine.ts';
import { notificationOf } from '../../shared/domain/notification.ts';
import { at, GROUP_ID, MACHINE_ID, OTHER_MACHINE_ID } from './fixtures.ts';

const NOW = at('2026-02-01');
const facts: EventFacts = { groupId: GROUP_ID, occurredOn: NOW, actor: SERVICE_ACTOR, reason: 'because' };
const machine = { id: MACHINE_ID, name: 'invoices-07' };
const RENEWAL_KINDS = ['WindowOpened', 'KeyIssued', 'WindowEnded', 'GroupKeyExpired'] as const;
const VERSIONS = [1, 2, 9, 10, 999, 9999];

function status(machineId: string, renewal: number, to: (typeof KEY_DELIVERY_STATUSES)[number]): FleetEvent {
  return statusEvent({ ...facts, renewal, machine: { id: machineId, name: 'a' } }, null, to);
}

describe('an event’s id', () => {
  const ids = [
    ...VERSIONS.flatMap((renewal) =>
      [MACHINE_ID, OTHER_MACHINE_ID].flatMap((id) =>
        KEY_DELIVERY_STATUSES.map((to) => status(id, renewal, to).id),
      ),
    ),
    ...VERSIONS.flatMap((renewal) =>
      RENEWAL_KINDS.map((kind) => renewalEvent(kind, { ...facts, renewal }).id),
    ),
    ...EVENT_KINDS.map((kind) => singleEvent(kind, 1, facts).id),
    ...EVENT_KINDS.map((kind) => singleEvent(kind, 1, { ...facts, machine }).id),
    ...EVENT_KINDS.map((kind) => singleEvent(kind, 2, facts).id),
  ];

  it('is of one machine, renewal and status alone', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is one that a store takes', () => {
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9:_.-]{1,255}$/);
  });

  it('is the same when the same happens again, at another time, for another reason, from another status', () => {
    const again = { ...facts, occurredOn: at('2026-02-02'), reason: 'once more', renewal: 2, machine };
    expect(statusEvent(again, 'KeyExpired', 'Default').id).toBe(
      statusEvent({ ...facts, renewal: 2, machine }, 'PendingNewKey', 'Default').id,
    );
    expect(renewalEvent('KeyIssued', again).id).toBe(renewalEvent('KeyIssued', { ...facts, renewal: 2 }).id);
    expect(singleEvent('MachineJoined', 1, again).id).toBe(
      singleEvent('MachineJoined', 1, { ...facts, machine }).id,
    );
  });

  it('sorts a machine’s statuses as they happen, renewal by renewal', () => {
    const happened = VERSIONS.flatMap((renewal) => [
      status(MACHINE_ID, renewal, 'PendingNewKey').id,
      status(MACHINE_ID, renewal, 'KeyExpired').id,
      status(MACHINE_ID, renewal, 'Default').id,
    ]);
    expect(happened.toSorted()).toEqual(happened);
  });

  it('sorts a group’s renewals as they happen', () => {
    const happened = VERSIONS.flatMap((renewal) =>
      RENEWAL_KINDS.map((kind) => renewalEvent(kind, { ...facts, renewal }).id),
    );
    expect(happened.toSorted()).toEqual(happened);
  });
});

describe('an event', () => {
  it('of a group names no machine and no status', () => {
    expect(renewalEvent('WindowOpened', { ...facts, renewal: 2 })).toEqual({
      type: 'event',
      id: 'event:-group:0002:0-WindowOpened',
      groupId: GROUP_ID,
      kind: 'WindowOpened',
      occurredOn: NOW,
      actor: SERVICE_ACTOR,
      renewal: 2,
      machineId: null,
      machineName: null,
      reason: 'because',
      keyDeliveryStatus: null,
    });
  });

  it('of a status says from which to which', () => {
    expect(statusEvent({ ...facts, renewal: 2, machine }, 'PendingNewKey', 'Default')).toMatchObject({
      kind: 'KeyDeliveryStatusChanged',
      machineId: MACHINE_ID,
      machineName: 'invoices-07',
      renewal: 2,
      keyDeliveryStatus: { from: 'PendingNewKey', to: 'Default' },
    });
  });

  it('that has to do with no key is of no renewal', () => {
    expect(singleEvent('EnrollmentTokenCreated', 'token', facts).renewal).toBeNull();
  });
});

describe('a notification', () => {
  it('is made of a change of status, and carries its id', () => {
    const event = statusEvent({ ...facts, renewal: 2, machine }, 'PendingNewKey', 'KeyExpired');
    expect(notificationOf(event)).toEqual({
      type: 'notification',
      id: event.id.replace('event:', 'notification:'),
      groupId: GROUP_ID,
      eventId: event.id,
      machineId: MACHINE_ID,
      machineName: 'invoices-07',
      renewal: 2,
      keyDeliveryStatus: 'KeyExpired',
      previousKeyDeliveryStatus: 'PendingNewKey',
      reason: 'because',
      occurredOn: NOW,
    });
  });

  it('is the same one for the same machine, renewal and status, and another for any other', () => {
    const ids = VERSIONS.flatMap((renewal) =>
      KEY_DELIVERY_STATUSES.map((to) => notificationOf(status(MACHINE_ID, renewal, to))?.id),
    );
    expect(new Set(ids).size).toBe(VERSIONS.length * KEY_DELIVERY_STATUSES.length);
    expect(notificationOf(status(MACHINE_ID, 2, 'Default'))?.id).toBe(ids[VERSIONS.indexOf(2) * 3]);
  });

  it('is made of nothing else', () => {
    expect(notificationOf(renewalEvent('WindowOpened', { ...facts, renewal: 2 }))).toBeNull();
    for (const kind of EVENT_KINDS) {
      expect(notificationOf(singleEvent(kind, 1, { ...facts, renewal: 2, machine }))).toBeNull();
    }
  });
});

it('what befalls the group sorts before what that means for its machines, and joining before all else of a machine', () => {
  const facts = {
    groupId: GROUP_ID,
    occurredOn: at('2026-02-01'),
    actor: SERVICE_ACTOR,
    reason: '',
    renewal: 2,
  };
  const machine = { id: '00000000-0000-4000-8000-000000000000', name: 'first of all' };
  const ids = [
    renewalEvent('WindowOpened', facts).id,
    singleEvent('MachineJoined', 1, { ...facts, machine }).id,
    statusEvent({ ...facts, machine }, null, 'PendingNewKey').id,
    statusEvent({ ...facts, machine }, 'PendingNewKey', 'Default').id,
  ];
  expect(ids.toSorted()).toEqual(ids);
});
