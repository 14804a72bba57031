// A world of one group and its machines, moved on by the domain's functions alone: what services do with a store, this does
// with variables. It keeps a history, and asserts what must hold at every step.
import assert from 'node:assert/strict';
import { decideCheckIn } from '../../shared/domain/check-in.ts';
import { SERVICE_ACTOR, statusEvent } from '../../shared/domain/event.ts';
import type { Group } from '../../shared/domain/group.ts';
import {
  acceptKey,
  applyTransition,
  dueTransition,
  heldLease,
  newLease,
  scheduled,
} from '../../shared/domain/group-transition.ts';
import { addSeconds, earliest, latest, secondsBetween } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { expectedKeyDeliveryStatus, renewalOf } from '../../shared/domain/key-delivery-status.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import { graceMinutesMax } from '../../shared/domain/policy.ts';
import type { RenewalPolicy } from '../../shared/domain/policy.ts';
import { isWindowOpen, nextRenewalDate, windowEnd } from '../../shared/domain/window.ts';
import { CREATED, emptyGroup, joiner, proved } from './fixtures.ts';

export type Step =
  /** Time goes on; `edge` instead stops that many seconds from when the group is next to be looked at. */
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'edge'; readonly offset: number }
  | { readonly do: 'scan' }
  | { readonly do: 'fanOut' }
  | { readonly do: 'openWindow' }
  | { readonly do: 'regeneratePassword' }
  | { readonly do: 'changePolicy'; readonly policy: RenewalPolicy }
  | {
      readonly do: 'checkIn';
      readonly machine: number;
      readonly canRenew: boolean;
      readonly rejoin: boolean;
      /** How long the machine takes to make a key, if it is asked to; null if it dies over it. */
      readonly makingSeconds: number | null;
    };

export class World {
  group: Group;
  now: Instant = CREATED;
  readonly machines: Machine[];
  /** Versions in the order in which they were accepted. */
  readonly accepted: number[] = [];
  /** By version: who checked in while its window was open and got the key. */
  readonly delivered = new Map<number, Set<string>>();
  readonly #scanIsUp: boolean;
  readonly #lastEventId = new Map<string, string>();

  /** @param scanIsUp the scan runs whenever it is due; otherwise only when a step says so. */
  constructor(policy: RenewalPolicy, machineCount: number, scanIsUp: boolean) {
    this.group = emptyGroup(policy);
    this.#scanIsUp = scanIsUp;
    this.machines = Array.from({ length: machineCount }, (_, index) => joiner({ id: `machine-${index}` }));
  }

  take(step: Step): void {
    this.#apply(step);
    this.#assertSchedule();
    this.#assertDelivered();
  }

  #apply(step: Step): void {
    switch (step.do) {
      case 'wait':
        return this.#waitUntil(addSeconds(this.now, step.seconds));
      case 'edge':
        return this.#waitUntil(addSeconds(this.group.nextActionOn ?? this.now, step.offset));
      case 'scan':
        return this.#bringUpToDate();
      case 'fanOut':
        for (let index = 0; index < this.machines.length; index++) this.#align(index);
        return undefined;
      case 'openWindow':
        this.#bringUpToDate();
        if (this.group.status !== 'Active') return undefined;
        this.group = applyTransition(
          this.group,
          { kind: 'openWindow', reason: 'OperatorRequested' },
          this.now,
        );
        return undefined;
      case 'regeneratePassword':
        if (this.machines.some(({ keyVersion }) => keyVersion === this.group.primaryKey?.version)) {
          this.group = { ...this.group, passwordStale: false };
        }
        return undefined;
      case 'changePolicy':
        this.group = scheduled({ ...this.group, ...step.policy });
        return undefined;
      case 'checkIn':
        return this.#checkIn(step);
    }
  }

  #waitUntil(then: Instant): void {
    while (this.#scanIsUp && this.group.nextActionOn !== null && this.group.nextActionOn <= then) {
      this.now = latest(this.now, this.group.nextActionOn);
      this.#bringUpToDate();
    }
    this.now = latest(this.now, then);
  }

  #bringUpToDate(): void {
    // Ending a window may make the next one due; that can go on only as long as keys were issued.
    for (let made = 0; made < 3; made++) {
      const transition = dueTransition(this.group, this.now);
      if (transition === null) return;
      this.#assertRipe(transition.kind);
      this.group = applyTransition(this.group, transition, this.now);
    }
    assert.equal(dueTransition(this.group, this.now), null);
    assert.ok(this.group.nextActionOn === null || this.group.nextActionOn > this.now);
  }

  #checkIn({ machine: index, canRenew, rejoin, makingSeconds }: Step & { do: 'checkIn' }): void {
    this.#bringUpToDate();
    const machine = this.#machine(index);
    const decision = decideCheckIn({
      now: this.now,
      group: this.group,
      machine,
      canRenew,
      minimumAgentVersion: '2.23',
      heldVersions: null,
      hasPassword: rejoin || machine.membership === 'joining',
    });
    this.#align(index);
    if (decision.kind === 'refuse') return;
    for (const planned of decision.actions) {
      if (planned.action === 'fetchKey') this.#prove(index, planned.key.version, machine.keyVersion !== null);
      if (planned.action === 'issueKey') this.#issue(index, makingSeconds);
    }
    this.#assertServed(index, canRenew, machine.keyVersion);
  }

  #issue(index: number, makingSeconds: number | null): void {
    const { id } = this.#machine(index);
    const lease =
      heldLease(this.group, this.now) ?? newLease(this.group, id, `challenge-${this.now}`, this.now);
    assert.equal(lease.machineId, id);
    this.group = { ...this.group, issuerLease: lease };
    if (makingSeconds === null) return;
    this.#waitUntil(addSeconds(this.now, makingSeconds));
    this.#bringUpToDate();
    const held = heldLease(this.group, this.now);
    if (held?.challenge !== lease.challenge) return;
    const { version, notBefore, notAfter } = held;
    this.group = acceptKey(
      this.group,
      held,
      { version, thumbprint: `thumbprint-${version}`, notBefore, notAfter },
      this.now,
    );
    this.accepted.push(version);
    this.#prove(index, version, true);
  }

  /** @param inWindow the machine had a key before, so that this one is of a renewal that reached it. */
  #prove(index: number, version: number, inWindow: boolean): void {
    this.machines[index] = {
      ...proved(this.#machine(index), this.group, version, this.now),
      keyDeliveryStatus: this.#machine(index).keyDeliveryStatus,
    };
    this.#align(index);
    if (!inWindow || version !== this.group.renewal?.version) return;
    const served = this.delivered.get(version) ?? new Set();
    this.delivered.set(version, served.add(this.#machine(index).id));
  }

  /** Brings the stored status in line with the group as it is written down, as fan-out does, with its event. */
  #align(index: number): void {
    const machine = this.#machine(index);
    if (machine.membership !== 'member') return;
    const status = expectedKeyDeliveryStatus(machine, this.group, this.now);
    if (status === machine.keyDeliveryStatus) return;
    const facts = {
      groupId: machine.groupId,
      occurredOn: this.now,
      actor: SERVICE_ACTOR,
      reason: '',
      renewal: renewalOf(this.group, this.now),
      machine,
    };
    const { id } = statusEvent(facts, machine.keyDeliveryStatus, status);
    assert.ok(id > (this.#lastEventId.get(machine.id) ?? ''));
    this.#lastEventId.set(machine.id, id);
    this.machines[index] = { ...machine, keyDeliveryStatus: status };
  }

  /** A capable member with the outgoing key that came in a window with its key has that now. */
  #assertServed(index: number, canRenew: boolean, before: number | null): void {
    const { renewal } = this.group;
    if (!canRenew || renewal === null || renewal.keyIssuedOn === null || before !== renewal.version - 1)
      return;
    if (isWindowOpen(this.group, this.now)) assert.equal(this.#machine(index).keyVersion, renewal.version);
  }

  /** Windows end, and groups expire, only when they must. */
  #assertRipe(kind: 'openWindow' | 'endWindow' | 'expire'): void {
    const { renewal, primaryKey, secondaryKey, status } = this.group;
    if (kind === 'endWindow') {
      if (!renewal?.keyIssuedOn || primaryKey === null || secondaryKey === null) {
        throw new Error('a window ended without its key');
      }
      // Half of the new key's life is all that a window may take of it.
      const life = secondsBetween(primaryKey.notBefore, primaryKey.notAfter) / 60 - 5;
      const grace = Math.min(renewal.gracePeriod, graceMinutesMax(life)) * 60;
      const least = Math.min(grace, secondsBetween(renewal.keyIssuedOn, secondaryKey.notAfter));
      assert.ok(secondsBetween(renewal.keyIssuedOn, this.now) >= least);
    }
    if (kind === 'expire') {
      const issuedInTime = status === 'Renewing' && Boolean(renewal?.keyIssuedOn);
      // With a scan that runs, only a window in which no machine issued a key ends a group.
      if (this.#scanIsUp) assert.equal(status, 'Renewing');
      if (this.#scanIsUp) assert.equal(issuedInTime, false);
      if (issuedInTime) assert.ok(this.now >= (windowEnd(this.group) ?? ''));
    }
  }

  #assertSchedule(): void {
    const { nextActionOn, status } = this.group;
    assert.equal(nextActionOn === null, status === 'NoKey' || status === 'KeyExpired');
    if (nextActionOn === null) return;
    assert.equal(dueTransition(this.group, addSeconds(nextActionOn, -1)), null);
    assert.notEqual(dueTransition(this.group, nextActionOn), null);
    if (status === 'Active') assert.equal(nextActionOn, nextRenewalDate(this.group));
    assert.equal(earliest(nextActionOn, this.group.primaryKey?.notAfter ?? nextActionOn), nextActionOn);
  }

  /** Whoever got a window's key is not told afterwards that it missed that window. */
  #assertDelivered(): void {
    const version = renewalOf(this.group, this.now);
    for (const machine of this.machines) {
      if (!this.delivered.get(version)?.has(machine.id)) continue;
      assert.notEqual(expectedKeyDeliveryStatus(machine, this.group, this.now), 'PendingNewKey');
      if (this.#scanIsUp) assert.notEqual(machine.keyDeliveryStatus, 'KeyExpired');
      if (this.#scanIsUp) assert.equal(expectedKeyDeliveryStatus(machine, this.group, this.now), 'Default');
    }
  }

  #machine(index: number): Machine {
    const machine = this.machines[index % this.machines.length];
    if (machine === undefined) throw new Error('the world has machines');
    return machine;
  }
}
