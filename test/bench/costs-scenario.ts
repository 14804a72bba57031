// Every operation of the contract and every other function, called at its telling moments on the real host, with what each call
// costs. One group lives through a renewal; others are there for what it cannot show.
import assert from 'node:assert/strict';
import { functionRegistry } from '../../infra/local/functions-core.ts';
import type { OperationId } from '../../shared/api/operations.ts';
import { addMinutes, addSeconds } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { newJob } from '../../shared/domain/job.ts';
import type { FleetDocument } from '../../shared/ports/document-store.ts';
import { actionOf, cloned, joined, ProtocolMachine } from '../service/protocol-machine.ts';
import { startService } from '../service/running-service.ts';
import type { Answer, RunningService } from '../service/running-service.ts';
import { meteredPorts } from './costs-ports.ts';
import type { Cost, MeteredPorts } from './costs-ports.ts';

export interface MeasuredCost {
  /** An operation's id, or the name of a timer's or feed's function. */
  readonly name: string;
  readonly variant: string;
  readonly cost: Cost;
}

export interface Measured {
  readonly costs: readonly MeasuredCost[];
  /** Of all functions that are deployed. */
  readonly functionNames: readonly string[];
  /** Documents of each kind as they are stored, the largest of each. */
  readonly documents: ReadonlyMap<string, FleetDocument>;
}

const PAGE = 100;

/** Short, so that all happens between two runs of the test host's own timer, in January. */
const POLICY = { groupKeyValidityPeriod: 200_000, groupKeyExpiryGracePeriod: 64_800 };

class Scenario {
  readonly costs: MeasuredCost[] = [];
  readonly documents = new Map<string, FleetDocument>();
  readonly service: RunningService;
  readonly #ports: MeteredPorts;

  constructor(service: RunningService, ports: MeteredPorts) {
    this.service = service;
    this.#ports = ports;
  }

  /** One call, which must go well. */
  async call<T>(name: OperationId, variant: string, act: () => Promise<Answer<T>>): Promise<Answer<T>> {
    await this.settle();
    let answer: Answer<T> | null = null;
    const cost = await this.#ports.measure(async () => {
      answer = await act();
    });
    this.costs.push({ name, variant, cost });
    answer = answer as Answer<T> | null;
    assert(answer !== null && answer.status < 300, `${name}, ${variant}: ${JSON.stringify(answer)}`);
    return answer;
  }

  people(name: OperationId, variant: string, method: string, path: string, body?: object): Promise<Answer> {
    return this.call(name, variant, () => this.service.call(method, path, body));
  }

  /** The scan, at a time when nothing else is left to do. */
  async scan(variant: string, at: Instant): Promise<void> {
    await this.settle();
    this.service.clock.set(at);
    await this.timer('renewal-scan', variant);
  }

  async timer(name: 'renewal-scan' | 'fleet-metrics', variant: string): Promise<void> {
    const cost = await this.#ports.measure(() => this.service.host.invokeTimer(name));
    this.costs.push({ name, variant, cost });
  }

  /** A feed's function for one of the changes since it was last settled. */
  async feed(
    name: 'fleet-changes' | 'event-notifications',
    variant: string,
    is: (document: FleetDocument) => boolean,
  ): Promise<void> {
    const documents = await this.#changed();
    const document = documents.find(is);
    assert(document, `${name}, ${variant}: no such change`);
    const cost = await this.#ports.measure(() => deliver(name, [document]));
    this.costs.push({ name, variant, cost });
    await deliverAll(documents);
  }

  /** A change of status whose notification the store is too busy for at first. */
  async putOff(): Promise<void> {
    const documents = await this.#changed();
    const event = documents.find(({ type, id }) => type === 'event' && id.endsWith('Default'));
    assert(event, 'a machine has become Default');
    this.#ports.beBusy();
    const refused = await this.#ports.measure(() => deliver('event-notifications', [event]));
    this.costs.push({ name: 'event-notifications', variant: 'a change of status, put off', cost: refused });
    this.service.clock.advanceMinutes(1);
    const retried = await this.#ports.measure(() => this.service.deliverRetries());
    this.costs.push({ name: 'fleet-retries', variant: 'a change of status', cost: retried });
    await deliverAll(documents);
  }

  /** Hands what was written to the feeds' functions, and what that writes, until nothing is left. */
  async settle(): Promise<void> {
    for (;;) {
      const documents = await this.#changed();
      if (documents.length === 0) return;
      await deliverAll(documents);
    }
  }

  async #changed(): Promise<readonly FleetDocument[]> {
    const documents = await this.#ports.newChanges();
    for (const document of documents) {
      const largest = this.documents.get(document.type);
      if (largest === undefined || sizeOf(largest) < sizeOf(document))
        this.documents.set(document.type, document);
    }
    return documents;
  }
}

function sizeOf(document: FleetDocument): number {
  return JSON.stringify(document).length;
}

async function deliver(name: string, documents: readonly FleetDocument[]): Promise<void> {
  const registered = functionRegistry.functions.get(name);
  assert(registered, `there is no function ${name}`);
  await registered.callback(documents, { warn: () => undefined, error: assert.fail });
}

async function deliverAll(documents: readonly FleetDocument[]): Promise<void> {
  for (const name of ['fleet-changes', 'event-notifications']) await deliver(name, documents);
}

async function founding(scenario: Scenario, machines: number): Promise<ProtocolMachine[]> {
  const { service } = scenario;
  const { body } = await scenario.call('createGroup', '', () =>
    service.call<{ id: string }>('POST', 'groups', { name: 'Packing line', ...POLICY }),
  );
  const path = `groups/${body.id}`;
  const { body: made } = await scenario.call('createEnrollmentToken', '', () =>
    service.call<{ id: string; token: string }>('POST', `${path}/enrollment-tokens`, {}),
  );
  service.secrets.add(made.token);
  const first = await ProtocolMachine.make(service, body.id, 'bot-1');
  const told = await scenario.call('join', 'the first machine, told to make the key', () =>
    first.join(made.token),
  );
  const key = await first.newKey(actionOf(told, 'issueKey'));
  await scenario.call('issueKey', 'the first key', () => first.issue(key));
  await scenario.call('issueKey', 'the same again', () => first.issue(key));
  const second = await ProtocolMachine.make(service, body.id, 'bot-2');
  const fetching = await scenario.call('join', 'a later machine, told to fetch', () =>
    second.join(made.token),
  );
  await scenario.call('join', 'the same again', () => second.join(made.token));
  await scenario.call('checkIn', 'while joining', () => second.checkIn());
  await second.open(actionOf(fetching, 'fetchKey'));
  await scenario.call('proveKey', 'which ends joining', () => second.prove(actionOf(fetching, 'fetchKey')));
  await scenario.people('revokeEnrollmentToken', '', 'DELETE', `${path}/enrollment-tokens/${made.id}`);
  return [first, second, ...(await cloned(first, machines - 2))];
}

async function steadyLife(scenario: Scenario, [first]: readonly ProtocolMachine[]): Promise<void> {
  assert(first);
  const { service } = scenario;
  await scenario.call('checkIn', 'steady', () => first.checkIn());
  service.clock.set(addSeconds(service.clock.now(), 4 * 3600));
  await scenario.call('checkIn', 'steady, with a heartbeat to write', () => first.checkIn());
  const change = await first.passwordChange(1, 2, 'another password');
  await scenario.call('setPassword', '', () => first.setPassword(1, change));
  const path = `groups/${first.groupId}`;
  await scenario.people('updateGroup', 'a new name', 'PATCH', path, { name: 'Line 2' });
  await scenario.people('updateGroup', 'nothing changes', 'PATCH', path, { name: 'Line 2' });
  await scenario.people('getMachine', '', 'GET', first.path);
}

async function reading(scenario: Scenario, groupId: string, machines: number): Promise<void> {
  const { service } = scenario;
  for (let count = 1; count < PAGE; count++) await service.newGroup(POLICY);
  const people = (name: OperationId, variant: string, path: string): Promise<Answer> =>
    scenario.people(name, variant, 'GET', path);
  await people('getGroup', `of ${machines} machines`, `groups/${groupId}`);
  await people('listGroups', `${PAGE}, one of them of ${machines} machines`, `groups?limit=${PAGE}`);
  await people('listMachines', `${PAGE}`, `machines?limit=${PAGE}`);
  await people('listMachines', 'by status, none found', 'machines?keyDeliveryStatus=KeyExpired');
  await people('listGroupMachines', `${PAGE}`, `groups/${groupId}/machines?limit=${PAGE}`);
  await people('listEvents', `${PAGE}`, `events?limit=${PAGE}`);
  await people('health', '', 'health');
  await scenario.timer('fleet-metrics', `${machines} machines, no window is open`);
  await scenario.feed('fleet-changes', 'the fleet’s metrics come by', ({ type }) => type === 'fleetMetrics');
  await people('metrics', '', 'metrics');
  await people('openApi', '', 'openapi.json');
}

const isJob =
  (kind: string) =>
  (document: FleetDocument): boolean =>
    document.type === 'job' && document.id.startsWith(`job:${kind}:`);

/** As at the end of a window that nobody missed. */
async function repeatFanOut(scenario: Scenario, groupId: string, machines: number): Promise<void> {
  await scenario.settle();
  const { clock, system } = scenario.service;
  const document = newJob('fanOut', groupId, 'repeated', clock.now());
  await system.store.write(groupId, [{ kind: 'create', document }]);
  await scenario.feed('fleet-changes', `fan-out of ${machines} machines, all in line`, isJob('fanOut'));
}

async function renewal(scenario: Scenario, machines: readonly ProtocolMachine[]): Promise<void> {
  const [issuer, waiting, fetching] = machines;
  assert(issuer && waiting && fetching);
  const { service } = scenario;
  const { groupId } = issuer;
  await scenario.scan('nothing is due', service.clock.now());
  await scenario.scan('one window opens', (await service.group(groupId)).nextRenewalDate as Instant);
  await scenario.feed('fleet-changes', `fan-out of ${machines.length} machines`, isJob('fanOut'));
  await scenario.feed(
    'event-notifications',
    'a change of status',
    ({ type, id }) => type === 'event' && id.endsWith('PendingNewKey'),
  );
  await repeatFanOut(scenario, groupId, machines.length);
  await scenario.timer('fleet-metrics', `${machines.length} machines, a window is open`);
  const lease = await scenario.call('checkIn', 'the first in a window: takes the lease', () =>
    issuer.checkIn(),
  );
  // Their first check-in since long ago writes a heartbeat, whatever they are told.
  await waiting.checkIn();
  await scenario.call('checkIn', 'while another makes the key', () => waiting.checkIn());
  const key = await issuer.newKey(actionOf(lease, 'issueKey'));
  await scenario.call('issueKey', 'a renewed key', () => issuer.issue(key));
  await scenario.feed('event-notifications', 'any other event', ({ id }) => id.endsWith('KeyIssued'));
  const told = await scenario.call('checkIn', 'told to fetch: a challenge is written', () =>
    fetching.checkIn(),
  );
  await scenario.call('checkIn', 'told to fetch again', () => fetching.checkIn());
  await scenario.call('getKeyPackage', '', () => fetching.getPackage(2));
  await fetching.open(actionOf(told, 'fetchKey'));
  await scenario.call('proveKey', 'in a window', () => fetching.prove(actionOf(told, 'fetchKey')));
  await scenario.people('listGroupEvents', `${PAGE}`, 'GET', `groups/${groupId}/events?limit=${PAGE}`);
  const late = machines.at(-1);
  assert(late);
  await late.follow(await late.checkIn());
  await scenario.scan('one window ends', (await service.group(groupId)).renewal?.endsOn as Instant);
  await scenario.feed('fleet-changes', 'the outgoing package is deleted', isJob('deletePackages'));
  await fetching.checkIn();
  await scenario.call('checkIn', 'told to delete the old key', () => fetching.checkIn());
}

async function theRest(scenario: Scenario, machines: readonly ProtocolMachine[]): Promise<void> {
  const [issuer, leaving, removed] = machines;
  assert(issuer && leaving && removed);
  const { service } = scenario;
  await scenario.call('leaveGroup', '', () => leaving.call('POST', `${leaving.path}/leave`));
  await scenario.people('removeMachine', '', 'DELETE', removed.path);
  await scenario.people('openRenewal', '', 'POST', `groups/${issuer.groupId}/renewals`);
  await scenario.settle();
  const other = await joined(service, (await service.newGroup(POLICY)).id);
  await scenario.putOff();
  const due = (await service.group(other.groupId)).nextRenewalDate as Instant;
  service.clock.set(addMinutes(due, 1));
  await scenario.call('checkIn', 'opens the window before any scan, and takes the lease', () =>
    other.checkIn(),
  );
  await scenario.people('countDeadLetters', '', 'GET', 'dead-letters');
  await scenario.people('redriveDeadLetters', 'none is left', 'POST', 'dead-letters/redrive');
  await scenario.people('deleteGroup', '', 'DELETE', `groups/${issuer.groupId}`);
  await scenario.feed('fleet-changes', 'a piece of a deleted group', isJob('deleteGroup'));
}

/** @param machines of the group that is renewed; at least four. */
export async function measureCosts(machines: number): Promise<Measured> {
  const ports = meteredPorts();
  const service = await startService(ports.parts);
  try {
    const scenario = new Scenario(service, ports);
    const all = await founding(scenario, machines);
    await steadyLife(scenario, all);
    await reading(scenario, all[0]?.groupId ?? '', machines);
    await renewal(scenario, all);
    await theRest(scenario, all);
    const { costs, documents } = scenario;
    return { costs, documents, functionNames: service.host.functionNames };
  } finally {
    await service.stop();
  }
}
