// A service that lies: it slips a certificate of its own into what a machine is told and given, and knows all that a service
// can know. It cannot sign with a key that it does not hold.
import type { CheckInAnswer, KeyPackageView } from '../../shared/api/check-in.ts';
import { parseCertificate } from '../../shared/crypto/certificates.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import { newGroupKey } from '../../shared/crypto/group-key.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import { sealPackage, wrapForCertificate, wrapForPassword } from '../../shared/crypto/key-package.ts';
import { packageDigest } from '../../shared/crypto/wraps.ts';
import type { Group, GroupKeyDocument } from '../../shared/domain/group.ts';
import { keyDocumentId } from '../../shared/domain/group.ts';
import { addMinutes } from '../../shared/domain/instant.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import type { SessionStore } from './session-store.ts';

/**
 * `unendorsed`: its key comes without an endorsement. `selfEndorsed`: endorsed by itself. `replayed`: with the endorsement of
 * the genuine key. `byPassword`: it claims that a password opens it, and wraps it for one of its own.
 */
export const LIES = ['unendorsed', 'selfEndorsed', 'replayed', 'byPassword'] as const;
export type LieKind = (typeof LIES)[number];

interface Forgery {
  readonly key: GroupKey;
  readonly view: KeyPackageView;
}

export class Liar {
  told = 0;
  readonly #store: SessionStore;
  readonly #forgeries = new Map<string, Forgery>();

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** The answer as the machine is given it. */
  async tell(kind: LieKind, operation: string, text: string): Promise<string> {
    if (operation === 'checkIn' || operation === 'join') return this.#instead(kind, text);
    if (operation === 'getKeyPackage') return this.#package(kind, text);
    return text;
  }

  async #instead(kind: LieKind, text: string): Promise<string> {
    const answer = JSON.parse(text) as CheckInAnswer;
    const primary = answer.group.primaryKey;
    if (primary === null) return text;
    const fetched = answer.actions.find(({ action }) => action === 'fetchKey');
    if (fetched === undefined && kind !== 'byPassword') return text;
    const { key } = await this.#forged(kind, answer.groupId, primary.version);
    this.told += 1;
    const { thumbprint } = key.certificate;
    const action = {
      action: 'fetchKey',
      version: primary.version,
      thumbprint,
      opensWith: kind === 'byPassword' ? 'password' : 'outgoingKey',
      challenge: fetched?.action === 'fetchKey' ? fetched.challenge : 'A'.repeat(43),
    };
    const group = { ...answer.group, primaryKey: { ...primary, thumbprint } };
    return JSON.stringify({ ...answer, group, actions: [action] });
  }

  async #package(kind: LieKind, text: string): Promise<string> {
    const genuine = JSON.parse(text) as KeyPackageView;
    const { groupId } = parseCertificate(genuine.certificate);
    const { view } = await this.#forged(kind, groupId, genuine.version);
    this.told += 1;
    return JSON.stringify(view);
  }

  async #forged(kind: LieKind, groupId: string, version: number): Promise<Forgery> {
    const name = `${kind}/${groupId}/${version}`;
    const known = this.#forgeries.get(name);
    if (known !== undefined) return known;
    const forged = await this.#forge(kind, groupId, version);
    this.#forgeries.set(name, forged);
    return forged;
  }

  async #forge(kind: LieKind, groupId: string, version: number): Promise<Forgery> {
    const notBefore = this.#store.read<Group>(groupId, 'group')?.document.createdDate ?? ('' as Instant);
    const notAfter = addMinutes(notBefore, 5_000_000);
    const key = await newGroupKey({ groupId, version, notBefore, notAfter });
    const { pkcs12, secret } = await sealPackage(key);
    const { thumbprint, base64 } = key.certificate;
    const context = { groupId, version, thumbprint, packageDigest: packageDigest(pkcs12) };
    const genuine = this.#document(groupId, version);
    const outgoing = this.#document(groupId, version - 1);
    const endorsements: Record<LieKind, string | null> = {
      unendorsed: null,
      selfEndorsed: await endorse({ groupId, version, thumbprint }, key),
      replayed: genuine?.endorsement ?? null,
      byPassword: null,
    };
    const view = {
      version,
      thumbprint,
      certificate: base64,
      package: Buffer.from(pkcs12).toString('base64'),
      packageDigest: context.packageDigest,
      passwordWrap:
        kind === 'byPassword' ? await wrapForPassword(secret, 'the liar’s own password', context) : null,
      certificateWrap:
        outgoing === null
          ? null
          : await wrapForCertificate(secret, parseCertificate(outgoing.certificate), context),
      endorsement: endorsements[kind],
    };
    return { key, view };
  }

  #document(groupId: string, version: number): GroupKeyDocument | null {
    return this.#store.read<GroupKeyDocument>(groupId, keyDocumentId(version))?.document ?? null;
  }
}
