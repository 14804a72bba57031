// Many machines at one moment, and issuers that die: one key a window, whatever happens.
import assert from 'node:assert/strict';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import type { EnrollmentToken } from '../../shared/domain/enrollment-token.ts';
import type { FleetEvent } from '../../shared/domain/event.ts';
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { GroupSnapshot } from './group-snapshot.ts';
import { snapshotOf } from './group-snapshot.ts';
import type { Hook, PortCall } from './hooked-ports.ts';
import { hookedPorts, unavailable } from './hooked-ports.ts';
import { ProtocolMachine, actionOf, cloned, joined } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { START, startService } from './running-service.ts';
import { documentsOf, packagesOf } from './service-state.ts';

const ports = hookedPorts();
/** One window ends long before the next opens, and before the test host's own scan, once a year, is due. */
const SHORT = { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 64_800 };
let service: RunningService;
let first: ProtocolMachine;
let second: ProtocolMachine;
let active: GroupSnapshot;
let opensOn: Instant;
beforeAll(async () => {
  service = await startService(ports.parts);
  first = await joined(service, (await service.newGroup(SHORT)).id);
  [second = first] = await cloned(first, 1);
  active = await snapshotOf(service, first.groupId);
  opensOn = (await service.group(first.groupId)).nextRenewalDate as Instant;
});
beforeEach(async () => {
  service.clock.set(START);
  await active.restore();
});
afterAll(() => service.stop());

/** Each does what it was told, all at once; the answers to their next check-ins. */
function followed(
  machines: readonly ProtocolMachine[],
  answers: readonly Answer<CheckInAnswer>[],
): Promise<Answer<CheckInAnswer>[]> {
  return Promise.all(
    machines.map((machine, index) => {
      const answer = answers[index];
      assert(answer);
      return machine.follow(answer);
    }),
  );
}

function issuersAmong(answers: readonly Answer<CheckInAnswer>[]): number[] {
  return answers.flatMap(({ body }, index) =>
    body.actions.some(({ action }) => action === 'issueKey') ? [index] : [],
  );
}

async function eventsOf(groupId: string, kind: FleetEvent['kind']): Promise<FleetEvent[]> {
  const events = await documentsOf<FleetEvent>(service, groupId, 'event');
  return events.filter((event) => event.kind === kind);
}

test.for([2, 50])('of %i machines that check in as the window opens, one makes the key', async (count) => {
  const machines = [first, ...(await cloned(first, count - 1))];
  service.clock.set(opensOn);
  const answers = await Promise.all(machines.map((machine) => machine.checkIn()));
  expect(answers.every(({ body }) => body.keyDeliveryStatus === 'PendingNewKey')).toBe(true);
  expect(issuersAmong(answers)).toHaveLength(1);
  await followed(machines, answers);
  const fetching = await Promise.all(machines.map((machine) => machine.checkIn()));
  const done = await followed(machines, fetching);
  expect(done.every(({ body }) => body.keyDeliveryStatus === 'Default')).toBe(true);
  expect(await eventsOf(first.groupId, 'WindowOpened')).toHaveLength(1);
  expect(await eventsOf(first.groupId, 'KeyIssued')).toHaveLength(2);
  expect(await packagesOf(service.system, first.groupId)).toHaveLength(2);
  const changes = await eventsOf(first.groupId, 'KeyDeliveryStatusChanged');
  const renewal = changes.filter((event) => event.renewal === 2).map(({ id }) => id);
  for (const { id } of machines) {
    expect(renewal).toContain(`event:${id}:0002:0-PendingNewKey`);
    expect(renewal).toContain(`event:${id}:0002:2-Default`);
  }
});

test('sixty machines join with one token at once, and each uses up one use', async () => {
  const token = await service.enroll(first.groupId, { uses: 60 });
  const machines = await Promise.all(
    Array.from({ length: 61 }, () => ProtocolMachine.make(service, first.groupId)),
  );
  const answers = await Promise.all(machines.map((machine) => machine.join(token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
  expect(answers.map(({ code }) => code).filter(Boolean)).toEqual(['EnrollmentTokenUsedUp']);
  const tokens = await documentsOf<EnrollmentToken>(service, first.groupId, 'enrollmentToken');
  expect(tokens.find(({ id }) => id.endsWith(token.split('.')[2] ?? ''))?.usesLeft).toBe(0);
});

test('twenty first machines of a group make one key between them', async () => {
  const { id } = await service.newGroup();
  const token = await service.enroll(id);
  const machines = await Promise.all(Array.from({ length: 20 }, () => ProtocolMachine.make(service, id)));
  const answers = await Promise.all(machines.map((machine) => machine.join(token)));
  expect(issuersAmong(answers)).toHaveLength(1);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
});

describe('an issuer that dies', () => {
  beforeEach(() => {
    for (const machine of [first, second]) machine.held.delete(2);
    service.clock.set(opensOn);
  });

  test('after it took the lease: another takes over when that has expired, and its late key is refused', async () => {
    const { body, thumbprint } = await unsent();
    service.clock.set(addMinutes(opensOn, 10));
    expect((await first.issue(body)).code).toBe('LeaseNotHeld');
    service.clock.set(opensOn);
    const accepted = await takenOver();
    expect(accepted).not.toBe(thumbprint);
    expect((await first.issue(body)).code).toBe('KeyAlreadyIssued');
    expect(await packagesOf(service.system, first.groupId)).not.toContain(`${first.groupId}/2/${thumbprint}`);
    await expectOnly(accepted);
  });

  test('after it stored the package: another takes over, and that package goes when the window ends', async () => {
    const { body, thumbprint } = await unsent();
    ports.hook({ after: failOn('vault.put') });
    expect((await first.issue(body)).code).toBe('VaultUnavailable');
    ports.hook({});
    expect(await packagesOf(service.system, first.groupId)).toContain(`${first.groupId}/2/${thumbprint}`);
    const accepted = await takenOver();
    expect((await first.issue(body)).code).toBe('KeyAlreadyIssued');
    await expectOnly(accepted);
  });

  test('after it stored the package, and comes back in time: its key is taken', async () => {
    const { body, thumbprint } = await unsent();
    ports.hook({ before: failOn('store.write') });
    expect((await first.issue(body)).code).toBe('StoreUnavailable');
    ports.hook({});
    service.clock.set(addSeconds(opensOn, 599));
    expect((await first.issue(body)).status).toBe(201);
    await expectOnly(thumbprint);
  });

  test('after the key was accepted: it is answered the same, however late', async () => {
    const { body, thumbprint } = await unsent();
    ports.hook({ after: failOn('store.write') });
    expect((await first.issue(body)).code).toBe('StoreUnavailable');
    ports.hook({});
    service.clock.set(addMinutes(opensOn, 60));
    expect(await first.issue(body)).toMatchObject({ status: 201, body: { version: 2, thumbprint } });
    await expectOnly(thumbprint);
  });

  test('while it hands in the key, and the lease passes on meanwhile: its package is deleted', async () => {
    const { body, thumbprint } = await unsent();
    let accepted = '';
    ports.hook({
      after: async ({ kind }) => {
        if (kind !== 'vault.put') return;
        ports.hook({});
        accepted = await takenOver();
      },
    });
    expect((await first.issue(body)).code).toBe('KeyAlreadyIssued');
    expect(await packagesOf(service.system, first.groupId)).not.toContain(`${first.groupId}/2/${thumbprint}`);
    await expectOnly(accepted);
  });
});

/** Fails the first call of that kind. */
function failOn(kind: PortCall['kind']): Hook {
  let hasFailed = false;
  return (call) => {
    if (hasFailed || call.kind !== kind) return;
    hasFailed = true;
    throw unavailable(call);
  };
}

/** The first machine's key, sound but not handed in. */
async function unsent() {
  const body = await first.newKey(actionOf(await first.checkIn(), 'issueKey'));
  const held = first.held.get(2);
  first.held.delete(2);
  // What followed from the window's opening is over: the next write is the call's own.
  await service.host.drainFeeds();
  return { body, thumbprint: held?.key.certificate.thumbprint ?? '' };
}

async function takenOver(): Promise<string> {
  const expiresOn = addMinutes(opensOn, 10);
  service.clock.set(addSeconds(expiresOn, -1));
  expect((await second.checkIn()).body.actions).toEqual([{ action: 'wait' }]);
  service.clock.set(expiresOn);
  await second.follow(await second.checkIn());
  return second.held.get(2)?.key.certificate.thumbprint ?? '';
}

/** The window ends, and what belongs to no key is gone. */
async function expectOnly(thumbprint: string): Promise<void> {
  const { renewal } = await service.group(first.groupId);
  await service.scanAt(renewal?.endsOn as Instant);
  expect(await packagesOf(service.system, first.groupId)).toEqual([`${first.groupId}/2/${thumbprint}`]);
  expect(await service.group(first.groupId)).toMatchObject({
    status: 'Active',
    primaryKey: { thumbprint },
  });
}
