// A machine that plays the protocol by hand, one call at a time, so that tests can spoil any part of it. The real agent is
// tested elsewhere; this one has no behaviour of its own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MACHINE_TOKEN_AUDIENCE } from '../../shared/api/check-in.ts';
import type { CheckInAction, CheckInAnswer, KeyPackageView } from '../../shared/api/check-in.ts';
import { parseCertificate } from '../../shared/crypto/certificates.ts';
import { endorse, verifyEndorsement } from '../../shared/crypto/endorsement.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import { sealPackage, wrapForCertificate, wrapForPassword } from '../../shared/crypto/key-package.ts';
import { newMachineIdentity } from '../../shared/crypto/machine-identity.ts';
import type { MachineIdentity } from '../../shared/crypto/machine-identity.ts';
import { signMachineToken } from '../../shared/crypto/machine-token.ts';
import { openPackage, unwrapWithKey, unwrapWithPassword } from '../../shared/crypto/open-package.ts';
import { signPasswordChange, signProof } from '../../shared/crypto/proof.ts';
import { packageDigest } from '../../shared/crypto/wraps.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import { BATCH_OPERATIONS_MAX } from '../../shared/ports/document-store.ts';
import { preparedGroupKey } from './prepared-keys.ts';
import type { Answer, RunningService } from './running-service.ts';

export const PASSWORD = 'correct horse battery staple';

export type IssueAction = CheckInAction & { action: 'issueKey' };
export type FetchAction = CheckInAction & { action: 'fetchKey' };

export interface HeldKey {
  readonly key: GroupKey;
  readonly secret: Uint8Array;
}

export interface IssueBody {
  version: number;
  certificate: string;
  package: string;
  passwordWrap?: string;
  certificateWrap?: string;
  endorsement?: string;
  proof: string;
}

export class ProtocolMachine {
  readonly id = randomUUID();
  readonly held = new Map<number, HeldKey>();
  agentVersion = '3.0.0';
  readonly service: RunningService;
  readonly groupId: string;
  readonly name: string;
  readonly identity: MachineIdentity;

  private constructor(service: RunningService, groupId: string, name: string, identity: MachineIdentity) {
    this.service = service;
    this.groupId = groupId;
    this.name = name;
    this.identity = identity;
  }

  static async make(service: RunningService, groupId: string, name = 'bot-1'): Promise<ProtocolMachine> {
    return new ProtocolMachine(service, groupId, name, await newMachineIdentity());
  }

  get path(): string {
    return `groups/${this.groupId}/machines/${this.id}`;
  }

  token(
    claims: Partial<{ groupId: string; machineId: string; audience: string; now: Instant }> = {},
  ): Promise<string> {
    const own = {
      machineId: this.id,
      groupId: this.groupId,
      audience: MACHINE_TOKEN_AUDIENCE,
      now: this.service.clock.now(),
    };
    return signMachineToken({ ...own, ...claims }, this.identity.privateKey);
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    return this.service.call<T>(method, path, body, await this.token());
  }

  join(enrollmentToken: string, changes: object = {}): Promise<Answer<CheckInAnswer>> {
    const { id: machineId, name, agentVersion } = this;
    const identityKey = this.identity.publicJwk;
    const body = { machineId, name, agentVersion, identityKey, enrollmentToken, ...changes };
    return this.call('POST', `groups/${this.groupId}/machines`, body);
  }

  checkIn(changes: object = {}): Promise<Answer<CheckInAnswer>> {
    const keys = [...this.held.values()].map(({ key }) => ({
      version: key.version,
      thumbprint: key.certificate.thumbprint,
    }));
    return this.call('POST', `${this.path}/check-in`, { agentVersion: this.agentVersion, keys, ...changes });
  }

  /** The key that an issuer hands in, sound in every part; also held from now on. */
  newKey(action: IssueAction, password = PASSWORD): Promise<IssueBody> {
    const { groupId } = this;
    const { version, notBefore, notAfter } = action;
    return this.handIn(action, preparedGroupKey({ groupId, version, notBefore, notAfter }), password);
  }

  /** The same for a key that the test has made. */
  async handIn(action: IssueAction, key: GroupKey, password = PASSWORD): Promise<IssueBody> {
    const { version, challenge } = action;
    const { groupId, id: machineId } = this;
    const { pkcs12, secret } = await sealPackage(key);
    const { thumbprint, base64 } = key.certificate;
    const context = { groupId, version, thumbprint, packageDigest: packageDigest(pkcs12) };
    this.held.set(version, { key, secret });
    const outgoing = this.held.get(version - 1)?.key;
    return {
      version,
      certificate: base64,
      package: Buffer.from(pkcs12).toString('base64'),
      proof: await signProof({ groupId, machineId, version, challenge }, key),
      ...(outgoing
        ? {
            certificateWrap: await wrapForCertificate(secret, outgoing.certificate, context),
            endorsement: await endorse({ groupId, version, thumbprint }, outgoing),
          }
        : { passwordWrap: await wrapForPassword(secret, password, context) }),
    };
  }

  issue(body: IssueBody): Promise<Answer> {
    return this.call('POST', `groups/${this.groupId}/keys`, body);
  }

  getPackage(version: number): Promise<Answer<KeyPackageView>> {
    return this.call('GET', `groups/${this.groupId}/keys/${version}/package`);
  }

  /** Fetches, checks and opens the package; the key is held from then on. */
  async open(action: FetchAction, password = PASSWORD): Promise<GroupKey> {
    const { groupId } = this;
    const { body: fetched } = await this.getPackage(action.version);
    const { version, thumbprint, packageDigest } = fetched;
    const context = { groupId, version, thumbprint, packageDigest };
    const outgoing = this.held.get(version - 1)?.key;
    if (action.opensWith === 'outgoingKey') {
      assert(outgoing);
      await verifyEndorsement(
        fetched.endorsement ?? '',
        { groupId, version, thumbprint },
        outgoing.certificate,
      );
    }
    const secret =
      action.opensWith === 'outgoingKey' && outgoing
        ? await unwrapWithKey(fetched.certificateWrap ?? '', outgoing, context)
        : await unwrapWithPassword(fetched.passwordWrap ?? '', password, context);
    const key = await openPackage(Buffer.from(fetched.package, 'base64'), secret, context);
    assert.equal(parseCertificate(fetched.certificate).thumbprint, thumbprint);
    this.held.set(version, { key, secret });
    return key;
  }

  async proof(version: number, challenge: string): Promise<string> {
    const held = this.held.get(version);
    assert(held);
    return signProof({ groupId: this.groupId, machineId: this.id, version, challenge }, held.key);
  }

  async prove(action: FetchAction): Promise<Answer> {
    const { version, challenge } = action;
    return this.call('POST', `${this.path}/proofs`, { version, proof: await this.proof(version, challenge) });
  }

  async passwordChange(version: number, revision: number, password: string): Promise<object> {
    const held = this.held.get(version);
    assert(held);
    const { body: fetched } = await this.getPackage(version);
    const { thumbprint, packageDigest } = fetched;
    const context = { groupId: this.groupId, version, thumbprint, packageDigest };
    const passwordWrap = await wrapForPassword(held.secret, password, context);
    const change = { groupId: this.groupId, machineId: this.id, version, revision, wrap: passwordWrap };
    return { revision, passwordWrap, authorization: await signPasswordChange(change, held.key) };
  }

  setPassword(version: number, body: object): Promise<Answer> {
    return this.call('PUT', `groups/${this.groupId}/keys/${version}/password`, body);
  }

  /** Does what the answer's actions say, as an agent would, and answers the next check-in. */
  async follow(answer: Answer<CheckInAnswer>, password = PASSWORD): Promise<Answer<CheckInAnswer>> {
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    for (const action of answer.body.actions) {
      if (action.action === 'issueKey') {
        const issued = await this.issue(await this.newKey(action, password));
        assert.equal(issued.status, 201, JSON.stringify(issued.body));
      }
      if (action.action === 'fetchKey') {
        await this.open(action, password);
        const proved = await this.prove(action);
        assert.equal(proved.status, 200, JSON.stringify(proved.body));
      }
      if (action.action === 'retireKey') this.held.delete(action.version);
    }
    return this.checkIn();
  }
}

/** A machine that has joined the group; its first one makes the key. */
export async function joined(
  service: RunningService,
  groupId: string,
  name?: string,
): Promise<ProtocolMachine> {
  const machine = await ProtocolMachine.make(service, groupId, name);
  await machine.follow(await machine.join(await service.enroll(groupId)));
  return machine;
}

/**
 * Members that hold what `model` holds, written into the store as if they had joined: where joining is not the
 * matter, they cost next to nothing.
 */
export async function cloned(model: ProtocolMachine, count: number): Promise<ProtocolMachine[]> {
  const { service, groupId } = model;
  const { store } = service.system;
  const stored = await store.read<Machine>(groupId, model.id);
  assert(stored);
  const machines: ProtocolMachine[] = [];
  for (let index = 0; index < count; index++) {
    const machine = await ProtocolMachine.make(service, groupId, `clone-${index + 1}`);
    for (const [version, held] of model.held) machine.held.set(version, held);
    machines.push(machine);
  }
  for (let start = 0; start < count; start += BATCH_OPERATIONS_MAX) {
    const documents = machines
      .slice(start, start + BATCH_OPERATIONS_MAX)
      .map(({ id, name, identity }): Machine => ({
        ...stored.document,
        id,
        name,
        identityKey: identity.publicJwk,
      }));
    await store.write(
      groupId,
      documents.map((document) => ({ kind: 'create', document })),
    );
  }
  return machines;
}

/** The action of a kind in an answer; fails when it is not there. */
export function actionOf<A extends CheckInAction['action']>(
  answer: Answer<CheckInAnswer>,
  kind: A,
): CheckInAction & { action: A } {
  const found = answer.body.actions?.find(({ action }) => action === kind);
  assert(found, `no ${kind} in ${JSON.stringify(answer.body)}`);
  return found as CheckInAction & { action: A };
}
