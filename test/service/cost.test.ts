// What calls cost, in calls of the ports: a fleet checks in all day long, so a steady check-in must not write or search.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { countCalls, hookedPorts } from './hooked-ports.ts';
import { ProtocolMachine, actionOf, cloned, joined } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { startService } from './running-service.ts';

const ports = hookedPorts();
let service: RunningService;
let machine: ProtocolMachine;
beforeAll(async () => {
  service = await startService(ports.parts);
  machine = await joined(service, (await service.newGroup()).id);
});
afterAll(() => service.stop());

/** Calls of the ports that a call of the service causes, and nothing that goes on beside it. */
async function costOf(call: () => Promise<Answer>): ReturnType<typeof countCalls> {
  await service.host.drainFeeds();
  return countCalls(ports, async () => expect((await call()).status).toBeLessThan(300));
}

const TWO_READS = { 'store.read': 2 };

describe('a steady check-in', () => {
  test('costs two point reads, whatever has happened before', async () => {
    await machine.checkIn();
    expect(await costOf(() => machine.checkIn())).toEqual(TWO_READS);
  });

  test('writes the heartbeat four steady periods after the last, and not a second sooner', async () => {
    const start = service.clock.now();
    service.clock.set(addSeconds(start, 4 * 3600 - 1));
    expect(await costOf(() => machine.checkIn())).toEqual(TWO_READS);
    service.clock.set(addSeconds(start, 4 * 3600));
    expect(await costOf(() => machine.checkIn())).toEqual({ ...TWO_READS, 'store.write': 1 });
    expect(await costOf(() => machine.checkIn())).toEqual(TWO_READS);
  });

  test('whenever the service says writes one in four', async () => {
    const first = await machine.checkIn();
    let { afterSeconds } = first.body.nextCheckIn;
    const many = await costOf(async () => {
      let answer = first;
      for (let count = 0; count < 48; count++) {
        service.clock.advanceSeconds(afterSeconds);
        answer = await machine.checkIn();
        ({ afterSeconds } = answer.body.nextCheckIn);
      }
      return answer;
    });
    expect(many['store.read']).toBe(2 * 48);
    expect(many['store.query']).toBeUndefined();
    expect(many['store.write']).toBeLessThanOrEqual(12);
  });

  test('of a machine that reports another version writes once', async () => {
    machine.agentVersion = '3.0.1';
    expect(await costOf(() => machine.checkIn())).toEqual({ ...TWO_READS, 'store.write': 1 });
    expect(await costOf(() => machine.checkIn())).toEqual(TWO_READS);
  });
});

test('a machine that joins asks again for nothing but reads', async () => {
  const { id } = await service.newGroup();
  const first = await ProtocolMachine.make(service, id);
  const token = await service.enroll(id);
  expect(await costOf(() => first.join(token))).toMatchObject({ 'store.write': 2 });
  expect((await costOf(() => first.join(token)))['store.write']).toBeUndefined();
  // The third is of its enrollment token, which may have been revoked.
  expect(await costOf(() => first.checkIn())).toEqual({ 'store.read': 3 });
});

test('in a window, whoever waits costs two reads, and every other step a few', async () => {
  const issuer = await joined(service, (await service.newGroup()).id);
  const { groupId } = issuer;
  const [second = issuer, third = issuer] = await cloned(issuer, 2);
  await service.scanAt((await service.group(groupId)).nextRenewalDate as Instant);

  expect(await costOf(() => issuer.checkIn())).toEqual({ ...TWO_READS, 'store.write': 1 });
  expect(await costOf(() => issuer.checkIn())).toEqual(TWO_READS);
  await second.checkIn();
  expect(await costOf(() => second.checkIn())).toEqual(TWO_READS);

  const body = await issuer.newKey(actionOf(await issuer.checkIn(), 'issueKey'));
  const issuing = await costOf(() => issuer.issue(body));
  expect(issuing).toEqual({ 'store.read': 5, 'store.write': 1, 'vault.put': 1 });

  expect(await costOf(() => third.checkIn())).toEqual({ ...TWO_READS, 'store.write': 1 });
  expect(await costOf(() => third.checkIn())).toEqual(TWO_READS);
  const fetching = actionOf(await third.checkIn(), 'fetchKey');
  expect(await costOf(() => third.getPackage(2))).toEqual({ 'store.read': 3, 'vault.get': 1 });
  await third.open(fetching);
  expect(await costOf(() => third.prove(fetching))).toEqual({ 'store.read': 3, 'store.write': 1 });
  expect(await costOf(() => third.checkIn())).toEqual(TWO_READS);
});

describe('people’s calls', () => {
  test.for<[string, object]>([
    ['groups', { 'store.query': 1, 'store.countBy': expect.any(Number) }],
    ['machines', { 'store.query': 1 }],
    ['events', { 'store.query': 1 }],
    ['health', { 'store.query': 2, 'store.read': 1, 'vault.probe': 1, 'queue.deadLetters': 1 }],
  ])('GET %s', async ([path, cost]) => {
    expect(await costOf(() => service.call('GET', path))).toEqual(cost);
  });

  test('of one group read it once', async () => {
    const path = `groups/${machine.groupId}`;
    expect(await costOf(() => service.call('GET', path))).toEqual({ 'store.read': 1, 'store.countBy': 1 });
    const machines = await costOf(() => service.call('GET', `${path}/machines`));
    expect(machines).toEqual({ 'store.read': 1, 'store.query': 1 });
  });
});

test('a scan with nothing due costs two queries, however many groups there are', async () => {
  for (let count = 0; count < 20; count++) await service.newGroup();
  await service.scanAt(service.clock.now());
  expect(await countCalls(ports, () => service.host.invokeTimer('renewal-scan'))).toEqual({
    'store.query': 2,
  });
});
